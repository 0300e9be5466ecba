import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const LOG_TEXTS = {
  LOG_BATCH_MISSING: {
    met: {
      en: 'A batch of the transparency log is not there, although a claim names it or a later one stands behind it.',
      zh: '透明日志的一个批次不存在，但认领指向它，或其后还有批次。',
    },
    means: {
      en: 'A piece of the log was removed or lost. What stands behind it could not be judged in this run; the chains themselves were still checked.',
      zh: '日志的一部分被移除或丢失。其后的日志本次无法判断；各条链本身仍已检查。',
    },
    todo: {
      en: 'Restore the batch from a copy (its name has its hash) and verify again. If no copy has it, compare the newest checkpoint that a witness or you hold.',
      zh: '从副本恢复该批次（名称中含其哈希）后重新核验。若无副本，请与见证者或您自己保存的最新检查点比对。',
    },
  },
  LOG_ROLLED_BACK: {
    met: { en: 'A signed checkpoint has more entries than the log that is stored.', zh: '某个已签名的检查点所含条目多于现存的日志。' },
    means: {
      en: 'The end of the log was cut off, or an older state of the archive was restored. What was sealed since may be gone.',
      zh: '日志末尾被截去，或归档被恢复到较旧的状态。此后封存的内容可能已经丢失。',
    },
    todo: {
      en: 'Stop all writers. Find out what was restored and when; compare with a copy and with what the witnesses hold.',
      zh: '停止所有写入方。查明恢复了什么、何时恢复，并与副本以及见证者所持内容比对。',
    },
  },
  LOG_MALFORMED: {
    met: {
      en: 'A batch of the log breaks the format or one of its rules (order of a chain, a tick, a registration).',
      zh: '日志的某个批次违反格式或规则（链的顺序、节拍或登记）。',
    },
    means: { en: 'No honest notary writes this. The log is not judged behind it.', zh: '诚实的公证程序不会写出这样的批次。其后的日志未予判断。' },
    todo: { en: 'Keep it. Ask who could write to the vault and who holds the keys.', zh: '保留原样，查明谁能写入保险库、谁持有密钥。' },
  },
  LOG_ENTRY_UNKNOWN: {
    met: { en: 'The log has an entry of a type that this version does not know.', zh: '日志含有本版本不认识的条目类型。' },
    means: {
      en: 'Usually the archive was written by a newer release. The tree stays checkable, the entry was not judged.',
      zh: '通常是更新的版本写入的。日志树仍可检查，但该条目未予判断。',
    },
    todo: { en: 'Verify with the newest release.', zh: '用最新版本重新核验。' },
  },
  CHECKPOINT_INVALID: {
    met: {
      en: 'A checkpoint does not read, is not signed by a log key of the archive, or carries a signature of a known log or witness that does not verify.',
      zh: '某检查点无法读取、不是由归档的日志密钥签署，或带有已知日志或见证方的不成立的签名。',
    },
    means: {
      en: 'It says nothing about the archive: it was damaged, forged, or belongs to another archive.',
      zh: '它对归档没有任何证明力：已损坏、系伪造，或属于另一归档。',
    },
    todo: {
      en: 'Get the checkpoint again from where you have it (the archive, a witness, your own files). If it stays so in a bundle, do not rely on the bundle.',
      zh: '从原出处（归档、见证方、您自己的文件）重新取得检查点。若证据包中始终如此，请勿采信该证据包。',
    },
  },
  LOG_FORKED: {
    met: {
      en: 'Two signed checkpoints of one size have different roots, or a signed checkpoint fits nothing in the log.',
      zh: '两份同样大小的已签名检查点根值不同，或某份已签名检查点与日志不相符。',
    },
    means: {
      en: 'Two histories of the archive were signed with its own log key. The notary never does that.',
      zh: '归档的两份历史都由其自己的日志密钥签署。公证进程绝不会这样做。',
    },
    todo: {
      en: 'Keep both checkpoints: together they prove it. Stop the notary, and find out where the log key was and who was shown which history.',
      zh: '保留两份检查点，它们共同构成证明。停止公证进程，查明日志密钥曾在何处、谁看到了哪一份历史。',
    },
  },
  LOG_DIFFERS: {
    met: {
      en: 'The log names another manifest (or another end of a chain) than the one that is there.',
      zh: '日志所载的清单（或链的末尾）与实际存在的不同。',
    },
    means: {
      en: 'A segment or the end of a chain was replaced after it had been logged, or the log is that of another history.',
      zh: '某段或链尾在记入日志之后被替换，或该日志属于另一份历史。',
    },
    todo: {
      en: 'What the log names is what was committed. Look for a manifest with that hash in a copy.',
      zh: '以日志所载为准。请在副本中查找具有该哈希值的清单。',
    },
  },
  TIME_IMPLAUSIBLE: {
    met: {
      en: 'A witness or a time-stamp authority signed a checkpoint before the time that is written under it.',
      zh: '见证方或时间戳机构签署检查点的时间，早于检查点之下所记载的时间。',
    },
    means: { en: 'Times in the archive were set ahead, or the clock of the third party was wrong.', zh: '归档中的时间被调快，或第三方的时钟有误。' },
    todo: {
      en: 'Compare with other witnesses and authorities. Do not rely on times of the archive around this moment before it is explained.',
      zh: '与其他见证方、机构对照。查明之前，请勿采信归档在该时刻前后的时间。',
    },
  },
  TOKEN_NOT_TRUSTED: {
    met: { en: 'A time-stamp token could not be verified with the authorities of your policy.', zh: '有一枚时间戳无法用您策略中的机构加以验证。' },
    means: {
      en: 'It counts for nothing. Usually it is one of an authority that you did not name; it may also be damaged.',
      zh: '该时间戳不予计算。多半是来自您未指定的机构，也可能已损坏。',
    },
    todo: {
      en: 'Nothing, when another anchor holds. Else add the root certificate of the authority to your policy, if you trust it.',
      zh: '若另有锚定依据则无须处理；否则，若您信任该机构，请将其根证书加入策略。',
    },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
