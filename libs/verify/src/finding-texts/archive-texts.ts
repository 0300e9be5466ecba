import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const ARCHIVE_TEXTS = {
  GENESIS_MISSING: {
    met: {
      en: 'The genesis (the first document of every archive) is not there. Nothing else was checked.',
      zh: '创世文件（每个归档的第一份文件）不存在。其余内容均未检查。',
    },
    means: {
      en: 'Usually the wrong bucket, prefix or folder. If the place is right, the root of trust was removed and nothing here proves anything.',
      zh: '多半是存储桶、前缀或目录选错了。若位置无误，则信任根已被移除，此处的内容不能证明任何事情。',
    },
    todo: {
      en: 'Check which archive was named. Then restore `genesis.jws` from a copy; its SHA-256 is the archive id.',
      zh: '先核对所指的归档是否正确；再从副本恢复 `genesis.jws`，其 SHA-256 就是归档标识。',
    },
  },
  GENESIS_INVALID: {
    met: {
      en: 'A genesis does not read, its own signature does not verify, or there are several and nothing says which is right.',
      zh: '创世文件无法读取、其自签名不成立，或存在多份而无从判断哪一份为真。',
    },
    means: {
      en: 'Somebody stored another genesis beside the real one, or the real one was damaged.',
      zh: '有人在真正的创世文件旁放了另一份，或真正的那份已损坏。',
    },
    todo: {
      en: 'Name the archive id that you hold from elsewhere: `verify --archive-id ID`. Anything that does not match it is not your archive.',
      zh: '用您从别处掌握的归档标识核对：`verify --archive-id ID`。与之不符者就不是您的归档。',
    },
  },
  POLICY_MISMATCH: {
    met: { en: 'No genesis here has the archive id that you named.', zh: '此处没有任何创世文件与您给出的归档标识相符。' },
    means: {
      en: 'This is another archive than the one you hold the id of, perhaps a complete and consistent forgery.',
      zh: '这不是您掌握其标识的那个归档，甚至可能是一份完整自洽的伪造品。',
    },
    todo: {
      en: 'Check the id and the place. If both are right, treat everything found here as not yours.',
      zh: '核对标识与位置。若都无误，此处的一切都不应视为您的归档。',
    },
  },
  NOT_ANCHORED: {
    met: {
      en: 'Nobody whom you named holds the checkpoint: no quorum of witnesses and no time-stamp authority of your policy, and you gave no checkpoint of your own that is equal. Without a policy there is nobody to ask. Or: what the log dates from some day on was first seen outside more than a day later.',
      zh: '您所指定的各方均未持有该检查点：策略中的见证方未达法定数量，也没有策略中的时间戳机构，您也未提供与之相同的、自己保存的检查点。没有策略时，则无人可问。或者：日志标明自某日起的内容，在一天多之后才首次被外部见到。',
    },
    means: {
      en: 'The archive is consistent in itself. Whoever holds the signing key and the storage could still have written a consistent archive anew, or cut off the newest segments of a chain together with their claims. Where a time is named: nothing but the archive says that what it dates in between is not younger.',
      zh: '归档自身前后一致。但同时掌握签名密钥和存储的人，仍可能重写出一份自洽的归档，或把某条链最新的若干段连同认领一起截去。若提示写明了时间：除归档自身之外，没有任何依据说明其间所标日期的内容不是后来才写成的。',
    },
    todo: {
      en: 'Verify again with a policy of your own, or with a checkpoint that you or somebody you trust has kept. Without either: write archive id, log key and the counts of each report down where the operator of the archive cannot change them, and compare.',
      zh: '请用您自己的策略，或您（或您信任的人）保存的检查点重新核验。两者皆无时：把每次报告中的归档标识、日志密钥和各项计数记录在归档运维人员无法改动的地方，并逐次对照。',
    },
  },
  UNKNOWN_SUITE: {
    met: { en: 'A manifest names a set of algorithms that this release does not know.', zh: '某清单使用了本版本不认识的算法套件。' },
    means: {
      en: 'Written by a newer release, or not by Holdfast. It was not checked; it is not known to be wrong.',
      zh: '由更新的版本写入，或根本不是 Holdfast 写的。它未被检查，但并不表示有错。',
    },
    todo: {
      en: 'Verify with the newest release. If that does not know it either, treat it as MANIFEST_INVALID.',
      zh: '改用最新版本验证。若仍不认识，按 MANIFEST_INVALID 处理。',
    },
  },
  GOVERNANCE_INVALID: {
    met: {
      en: 'An event of the chain `gov` does not read or contradicts those before it; or content lies under a retention class that `gov` does not have, that does not belong in its chain, or for longer than it allows; or a chain was closed without a decision in `gov`.',
      zh: '`gov` 链中某事件无法读取或与之前的事件矛盾；或内容所属的保留类别在 `gov` 中不存在、不属于该链，或保留期超出其上限；或某条链被关闭而 `gov` 中并无此决定。',
    },
    means: {
      en: 'The rules of the archive were altered, or content was sealed under rules that nobody decided.',
      zh: '归档的规则被改动，或内容依据无人决定过的规则封存。',
    },
    todo: { en: 'Compare `gov` with a copy first: everything else is judged by it.', zh: '先将 `gov` 与副本对照：其余一切都以它为准。' },
  },
  GOVERNANCE_HEAD_WRONG: {
    met: {
      en: 'A segment names a state of governance that is not in `gov`, or an older one than the segment before it.',
      zh: '某段所依据的治理状态在 `gov` 中不存在，或比前一段更旧。',
    },
    means: {
      en: 'Governance was rolled back or replaced after this segment was sealed, or the segment belongs to another history.',
      zh: '该段封存之后治理链被回滚或替换，或该段属于另一份历史。',
    },
    todo: {
      en: 'Compare `gov` with a copy. The hash in the finding names the state that was there at sealing.',
      zh: '将 `gov` 与副本对照。发现中的哈希值指明封存时的状态。',
    },
  },
  CLAIMS_ROLLED_BACK: {
    met: {
      en: 'A later segment exists, but the claim of this one is gone (or the genesis is there without its claim).',
      zh: '后一段已存在，而本段的认领却不见了（或创世文件存在而其认领不见了）。',
    },
    means: {
      en: 'The claims bucket was emptied, restored from an old backup or edited. No record is lost: claims only decide who writes next.',
      zh: '认领桶被清空、从旧备份恢复或被编辑过。没有记录丢失：认领只决定由谁续写。',
    },
    todo: {
      en: 'Stop every writer, find out who changed the claims bucket, then follow docs/operations/alarms.md#claims_rolled_back.',
      zh: '停止所有写入进程，查明是谁改动了认领桶，然后按 docs/operations/alarms.md#claims_rolled_back 处理。',
    },
  },
  KEY_CLOSED: {
    met: {
      en: 'Something is signed by a key that was closed before: the key had been replaced, or given up as stolen.',
      zh: '有内容由此前已关闭的密钥签名：该密钥已被替换，或因失窃而停用。',
    },
    means: {
      en: 'No honest process had any reason to sign with it any more. Whoever holds an old copy of the key tried to add to the archive.',
      zh: '任何诚实的进程都不再有理由使用它。持有旧密钥副本的人试图向归档中添加内容。',
    },
    todo: {
      en: 'Treat it as an attack until a process with an old key ring is found. Keep the objects. docs/operations/keys.md.',
      zh: '在找到仍使用旧密钥环的进程之前，按攻击处理。保留这些对象。见 docs/operations/keys.md。',
    },
  },
  KEY_DISPUTED: {
    met: {
      en: 'A segment was sealed under a stolen key, after the last head that people have vouched for.',
      zh: '某个段是在密钥失窃之后、人员所担保的最后链头之后，用该密钥封存的。',
    },
    means: {
      en: 'It stands in its chain and cannot be taken out, but whether the archive or the thief sealed it cannot be told from the signature.',
      zh: '它位于链中，无法移除；但仅凭签名无法判断它是由归档还是由窃取者封存。',
    },
    todo: {
      en: 'Compare its records with the source or with the system they came from. Do not rely on it alone as evidence.',
      zh: '将其中的记录与来源或原系统核对。不要单独以它作为证据。',
    },
  },
  STATEMENT_INVALID: {
    met: {
      en: 'A signed statement behind a decision about keys or claims is not valid, says something else, or there are too few of them.',
      zh: '关于密钥或认领的决定所依据的签名声明无效、内容不符，或数量不足。',
    },
    means: {
      en: 'The decision was sealed without the people whose recovery keys it needs.',
      zh: '该决定在未经所需恢复密钥持有人同意的情况下被封存。',
    },
    todo: {
      en: 'Ask the holders of the recovery keys what they have signed, and when. Keep the statement.',
      zh: '询问恢复密钥的持有人签署过什么、何时签署。保留该声明。',
    },
  },
  CLAIM_UNREADABLE: {
    met: {
      en: 'A claim does not verify, or names a manifest that is not there or does not verify.',
      zh: '某个认领无法通过验证，或它所指的清单不存在或不成立。',
    },
    means: {
      en: 'The newest manifest of the chain was damaged or removed, or the claim was. Sealing of that chain stops.',
      zh: '该链最新的清单或该认领本身已损坏或被移除。该链停止封存。',
    },
    todo: {
      en: 'Restore the manifest from a copy if there is one. Else docs/operations/alarms.md#claim_unreadable.',
      zh: '若有副本，先恢复清单；否则按 docs/operations/alarms.md#claim_unreadable 处理。',
    },
  },
  CLAIM_DIFFERS: {
    met: {
      en: 'A claim names another manifest than the chain itself does, or another genesis than the one that is there.',
      zh: '认领所指的清单与链本身所指的不同，或所指的创世文件不存在。',
    },
    means: {
      en: 'The chain is decided by its links, so the records stand; the claim was replaced.',
      zh: '链以其自身的链接为准，因此记录有效；认领被人替换过。',
    },
    todo: {
      en: 'Find out who can write to the claims bucket. Claims can be rebuilt from the manifests at any time.',
      zh: '查明谁能写入认领桶。认领随时可由清单重建。',
    },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
