import { utf8 } from '@holdfast/seal';
import type { BundleFacts } from './bundle-index.js';
import { visibleLine } from './transcript/visible.js';

/** `README.txt`: what somebody needs who has got this file and knows nothing. English and Chinese; made from `bundle.json` alone. */
export function readmeOf(facts: BundleFacts): Uint8Array {
  return utf8(
    [
      'EVIDENCE BUNDLE',
      '',
      'This file holds records of an archive of instant messages and the proof that they are what was archived.',
      '',
      '  transcript.html   to read',
      '  certificate.txt   for a custodian to complete and sign',
      '  verify.html       checks the bundle in a browser, without a network: open it and choose the bundle',
      '  records/          the original records, as they were received',
      '  attachments/      files that were received inside of records',
      '',
      'Do not trust this bundle, and not the verify.html in it: get the verifier from its publisher and compare its SHA-256, or run',
      '"holdfast verify --bundle FILE". Give the verifier a policy of your own (archive id, log key, witnesses, time-stamp authorities);',
      'without one it can only tell that the bundle agrees with itself.',
      '',
      `  archive id  ${facts.archive}`,
      `  log         ${visibleLine(facts.log.origin)}, ${facts.log.size} entries, root ${facts.log.root}`,
      `  position    ${facts.time}`,
      `  made by     ${visibleLine(facts.software)}`,
      '',
      '证据包',
      '',
      '本文件包含即时消息归档中的记录，以及证明其与归档内容一致的证据。',
      '',
      '  transcript.html   供阅读的会话记录',
      '  certificate.txt   供保管人填写并签名的说明',
      '  verify.html       在浏览器中离线核验：打开后选择本证据包',
      '  records/          收到时的原始记录',
      '  attachments/      随记录一并收到的文件',
      '',
      '请勿轻信本证据包，也勿轻信其中的 verify.html：请向发布者获取核验程序并核对其 SHA-256，或运行“holdfast verify --bundle 文件”。',
      '请向核验程序提供您自己的策略（归档标识、日志密钥、见证方、时间戳机构）；没有策略时，只能判断本证据包是否自洽。',
      '',
    ].join('\n'),
  );
}
