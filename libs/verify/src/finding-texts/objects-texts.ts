import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const OBJECTS_TEXTS = {
  OBJECT_MISSING: {
    met: {
      en: 'A content object (or a statement) that a manifest or `gov` names is not there: neither its version nor any other with these bytes.',
      zh: '清单或 `gov` 所指的内容对象（或声明）不存在：既无所载版本，也无字节相同的其他版本。',
    },
    means: {
      en: 'Records were removed. The manifest still proves that they existed, how many there were, and their hash.',
      zh: '记录被移除。清单仍能证明它们曾经存在、数量多少及其哈希值。',
    },
    todo: {
      en: 'Look for the object in a replica or backup: the bytes are right when their SHA-256 is the one in the key. In S3 a COMPLIANCE lock should have refused this: ask the provider how it could happen.',
      zh: '在副本或备份中查找该对象：SHA-256 与键中所载一致者即为原件。S3 的 COMPLIANCE 锁本应拒绝删除：请向服务商查问何以发生。',
    },
  },
  OBJECT_DIFFERS: {
    met: {
      en: 'The bytes of an object do not have the SHA-256 that its manifest (or name) says.',
      zh: '对象的字节与清单（或名称）所载的 SHA-256 不符。',
    },
    means: {
      en: 'It was changed, swapped or cut after it was sealed. None of its records can be relied on.',
      zh: '它在封存之后被改动、调换或截断，其中任何记录都不可采信。',
    },
    todo: {
      en: 'Restore the object from a copy with the right SHA-256, and compare both to see what was changed.',
      zh: '从 SHA-256 相符的副本恢复该对象，并对比两者以查明改动之处。',
    },
  },
  OBJECT_MALFORMED: {
    met: { en: 'An object has the right bytes, but they do not follow the format.', zh: '对象的字节与清单一致，但不符合格式。' },
    means: {
      en: 'It was sealed wrongly: a fault of the program that sealed it, or not Holdfast at all.',
      zh: '封存时就有问题：是封存程序的缺陷，或根本不是 Holdfast 写的。',
    },
    todo: {
      en: 'Report it with `software` of the manifest. If Kafka still holds the offsets, save them.',
      zh: '请连同清单中的 `software` 字段一并报告。若 Kafka 中仍有这些位点，请先保存。',
    },
  },
  CONTENT_DAMAGED: {
    met: {
      en: 'An object does not decrypt, its trees, directory or records do not agree with the manifest, or it lies in the clear where it must be encrypted.',
      zh: '对象无法解密，其哈希树、目录或记录与清单不一致，或本应加密的内容是明文。',
    },
    means: { en: 'What can be read is not what was sealed, or the key is another one.', zh: '可读出的内容不是当初封存的内容，或密钥不对。' },
    todo: {
      en: "Check that the key ring is this archive's (`holdfast keys status`). If it is, restore the object from a copy.",
      zh: '先确认密钥环属于本归档（`holdfast keys status`）。若无误，则从副本恢复该对象。',
    },
  },
  SHADOW_VERSION: {
    met: {
      en: 'Under the key of a sealed object or of a wrap lies a second version with other bytes.',
      zh: '在已封存对象或密钥封装的键下，还有另一个字节不同的版本。',
    },
    means: {
      en: 'Somebody wrote over the name. The sealed version is untouched, and Holdfast reads that one; a tool that reads "the newest" would see the other.',
      zh: '有人以同名覆盖写入。已封存的版本未受影响，Holdfast 读取的正是它；但只读“最新版本”的工具会看到另一份。',
    },
    todo: {
      en: 'Keep the other version as evidence, and find out whose credentials wrote it.',
      zh: '将另一版本作为证据保留，并查明写入所用的凭证属于谁。',
    },
  },
  EQUAL_COPY: {
    met: { en: 'A second version with the same bytes.', zh: '另一个字节完全相同的版本。' },
    means: { en: 'A put that was answered late and sent again. Harmless.', zh: '写入请求的应答来迟，被重发了一次。无害。' },
    todo: { en: 'Nothing.', zh: '无须处理。' },
  },
  ABANDONED_ATTEMPT: {
    met: {
      en: 'A manifest or content object of a writer that lost the race for its number, or of one that was killed before it committed; wraps of a data key that no manifest names.',
      zh: '某个写入者在争取编号时落败、或在提交前被终止所留下的清单或内容对象；没有任何清单使用的数据密钥的封装。',
    },
    means: {
      en: 'Normal after restarts. Its records were read again from Kafka and sealed by the next attempt. A data key is wrapped before it is first used, so a writer that seals nothing more that day leaves such wraps; so does a chain whose segments were removed.',
      zh: '重启之后属正常现象。其中的记录已从 Kafka 重新读取，并由下一次尝试封存。数据密钥在首次使用前就已封装，当天不再封存任何内容的写入者会留下这样的封装；段被移除的链也会。',
    },
    todo: {
      en: 'Nothing. It stays until its lock ends. Many of them: look for two ingest processes on the same partitions.',
      zh: '无须处理，锁到期前它会一直存在。若数量很多，请检查是否有两个 ingest 在处理相同的分区。',
    },
  },
  ORPHAN: {
    met: {
      en: 'An object, a claim or a wrap that belongs to nothing: a name that the format does not have, bytes that its name does not match, or content far behind the end of its chain.',
      zh: '不属于任何内容的对象、认领或密钥封装：名称不合格式，字节与名称不符，或编号远远超出链的末尾。',
    },
    means: {
      en: 'Somebody other than Holdfast put it there. It changes nothing about what is sealed. Content far behind the end can also mean that the end of the chain was removed.',
      zh: '由 Holdfast 以外的人放入，不影响已封存的内容。若内容编号远超链尾，也可能是链的末尾被移除。',
    },
    todo: { en: 'Find out who can write to the bucket. Keep it until that is clear.', zh: '查明谁能写入该存储桶。弄清之前请保留。' },
  },
  STRAY: {
    met: {
      en: 'A file in the folder of an embedded archive that is neither an object nor the state of one.',
      zh: '嵌入式归档目录中，有一个既不是对象也不是对象状态的文件。',
    },
    means: {
      en: 'A note, a copy, a file of an editor or of the desktop, or something hidden there on purpose.',
      zh: '可能是随手放的笔记、拷贝、编辑器或桌面产生的文件，也可能是有意藏入。',
    },
    todo: { en: 'Look at it, then move it out of `vault/`.', zh: '查看后将其移出 `vault/`。' },
  },
  LOCK_MISSING: {
    met: {
      en: 'A sealed object is not locked in COMPLIANCE mode, or a wrap is not locked at all.',
      zh: '已封存的对象没有 COMPLIANCE 模式的锁，或密钥封装完全未加锁。',
    },
    means: {
      en: 'The bytes are still right, but nothing but rights keeps somebody from deleting them.',
      zh: '字节目前无误，但除权限之外没有任何机制阻止他人删除。',
    },
    todo: {
      en: 'Run `holdfast store-check` if your release has it; check that the bucket was created with Object Lock. In an embedded archive: restore the name of the file.',
      zh: '若您的版本提供 `holdfast store-check`，请运行；并确认存储桶创建时已启用对象锁。嵌入式归档请恢复原文件名。',
    },
  },
  LOCK_SHORT: {
    met: {
      en: 'A lock ends earlier than the manifest, the retention class or the cohort demands.',
      zh: '锁的到期时间早于清单、保留类别或批次的要求。',
    },
    means: { en: 'The records could be deleted before the law allows.', zh: '记录可能在法定期限之前被删除。' },
    todo: {
      en: 'Extend the lock with the tools of your store (a COMPLIANCE lock can only be made longer), then find the cause.',
      zh: '用存储服务的工具延长锁（COMPLIANCE 锁只能延长），再查明原因。',
    },
  },
  DELETE_MARKER: {
    met: {
      en: 'A delete marker hides a sealed object from programs that do not name a version.',
      zh: '有删除标记遮住了已封存的对象，使不指定版本的程序看不到它。',
    },
    means: {
      en: 'Somebody tried to delete it. The locked version is still there, and Holdfast reads it.',
      zh: '有人试图删除它。被锁定的版本仍在，Holdfast 读取的就是它。',
    },
    todo: {
      en: 'Note who and when (access log of the store). Remove the marker only after that.',
      zh: '先记录是谁、何时所为（查存储服务的访问日志），之后方可移除标记。',
    },
  },
  WRAP_MISSING: {
    met: {
      en: 'A wrapped data key that is in use is not there: `kek.jwe` (for daily use) or `escrow.jwe` (for recovery).',
      zh: '正在使用的数据密钥缺少封装：`kek.jwe`（日常使用）或 `escrow.jwe`（用于恢复）。',
    },
    means: {
      en: 'If both are gone, the records of that chain, class and day can no longer be read by anybody, although they are intact. With one left they can.',
      zh: '两份都丢失时，该链、该类别、该日的记录虽完好无损，却再也无人能读。只要还剩一份就能读取。',
    },
    todo: {
      en: 'Restore the wraps bucket from a copy at once. Only escrow left: the escrow private key opens it.',
      zh: '立即从副本恢复封装桶。若只剩托管封装，可用托管私钥打开。',
    },
  },
  WRAP_DAMAGED: {
    met: {
      en: 'A wrap is there, but its bytes are not those that the manifest names, its header names something else, or it does not open.',
      zh: '封装存在，但字节与清单所载不符、头部所指有误，或无法打开。',
    },
    means: {
      en: 'It was damaged or exchanged, or the key ring is not the right one. The sealed bytes are not affected.',
      zh: '它已损坏或被调换，或密钥环不对。已封存的字节不受影响。',
    },
    todo: { en: 'Check the key ring, then restore the wrap from a copy.', zh: '先检查密钥环，再从副本恢复该封装。' },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
