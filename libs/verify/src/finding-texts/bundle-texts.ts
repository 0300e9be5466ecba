import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const BUNDLE_TEXTS = {
  BUNDLE_ENTRY_TWICE: {
    met: { en: 'The bundle has two entries of one name.', zh: '证据包中有两个同名条目。' },
    means: {
      en: 'Two programs may show two different things. An exporter never writes that.',
      zh: '不同程序可能显示不同内容。导出程序绝不会这样写。',
    },
    todo: { en: 'Reject the bundle and ask for it again.', zh: '退回该证据包，要求重新提供。' },
  },
  BUNDLE_ENTRY_UNKNOWN: {
    met: {
      en: 'An entry is there that the format does not have, that the index does not list, or that belongs to nothing shown.',
      zh: '存在格式中没有、索引未列出或与所展示内容无关的条目。',
    },
    means: {
      en: 'Something was put into the bundle after it was made. It is proven by nothing.',
      zh: '证据包制成后被放入了其他内容，其未得到任何证明。',
    },
    todo: { en: 'Do not open that entry. Ask for the bundle again from the exporter.', zh: '请勿打开该条目，并向导出者重新索取证据包。' },
  },
  BUNDLE_ENTRY_MISSING: {
    met: { en: 'An entry that must be there is not.', zh: '缺少必须存在的条目。' },
    means: {
      en: 'A part was removed, or the file was cut. What depends on it is not proven.',
      zh: '有内容被移除，或文件被截断。依赖于它的部分未得到证明。',
    },
    todo: {
      en: 'Ask for the bundle again and compare the SHA-256 of the file with the exporter.',
      zh: '重新索取证据包，并与导出者核对文件的 SHA-256。',
    },
  },
  BUNDLE_ENTRY_DIFFERS: {
    met: { en: 'The bytes of an entry are not those that the index (or its own name) says.', zh: '条目的字节与索引（或其名称）所载不符。' },
    means: { en: 'It was changed after the bundle was made, or damaged on the way.', zh: '证据包制成后被改动，或在传输中损坏。' },
    todo: {
      en: 'Ask for the bundle again. If it differs again at the same place, find out who handled it.',
      zh: '重新索取。若同一处仍不相符，请查明经手人。',
    },
  },
  BUNDLE_ENTRY_MALFORMED: {
    met: { en: 'An entry cannot be read, or does not follow its format.', zh: '条目无法读取，或不符合格式。' },
    means: { en: 'It is damaged, or was not made by Holdfast.', zh: '条目已损坏，或不是由 Holdfast 生成。' },
    todo: { en: 'Ask for the bundle again; try the newest release of the verifier.', zh: '重新索取；并改用最新版本的核验程序。' },
  },
  BUNDLE_INDEX_WRONG: {
    met: {
      en: 'The index (`bundle.json`) says something else than what is proven: another archive, checkpoint, time, or record id.',
      zh: '索引（`bundle.json`）的陈述与已证明的内容不符：归档、检查点、时间或记录标识不同。',
    },
    means: {
      en: 'The label does not fit the content. The content may still be right; the label is not.',
      zh: '标签与内容不符。内容或许无误，但标签不对。',
    },
    todo: { en: 'Believe the proofs, not the index, and ask the exporter for an explanation.', zh: '以证明为准而非索引，并请导出者说明。' },
  },
  BUNDLE_POSITION_INVALID: {
    met: { en: 'The list of chains under the checkpoint is not the one that the log committed to.', zh: '检查点之下的链清单与日志所承诺的不符。' },
    means: {
      en: 'Nothing says any more which chains and segments exist at this position: a part could have been left out.',
      zh: '无法再说明该位置上存在哪些链与段：可能有内容被略去。',
    },
    todo: { en: 'Do not rely on any statement of completeness of this bundle.', zh: '请勿采信该证据包的任何完整性陈述。' },
  },
  BUNDLE_MANIFEST_UNPROVEN: {
    met: { en: 'Nothing leads from the checkpoint to a manifest in the bundle.', zh: '无法从检查点推导到证据包中的某份清单。' },
    means: {
      en: 'Its records may be signed by the archive, but were not under this checkpoint.',
      zh: '其中的记录或许由归档签署，但不在该检查点之下。',
    },
    todo: { en: 'Treat the records of that segment as not proven.', zh: '该段的记录应视为未经证明。' },
  },
  BUNDLE_PROOF_INVALID: {
    met: {
      en: 'A path, a block or a leaf does not lead where it must, or says something that it cannot.',
      zh: '某条路径、某个块或叶不能推导到应有之处，或内容不可能成立。',
    },
    means: {
      en: 'The proof was forged, mixed up or damaged. The records that it is about are not proven.',
      zh: '证明被伪造、弄混或损坏。所涉及的记录未得到证明。',
    },
    todo: { en: 'Do not rely on these records. Ask for a new bundle of them.', zh: '请勿采信这些记录，并要求重新出具。' },
  },
  BUNDLE_RECORD_DIFFERS: {
    met: { en: 'The bytes of a record are not those that were sealed.', zh: '某条记录的字节与封存时不符。' },
    means: { en: 'The record that is shown was changed.', zh: '所展示的记录被改动过。' },
    todo: {
      en: 'Do not rely on it. The leaf in the bundle still proves that another one exists in its place; ask for that.',
      zh: '请勿采信。证据包中的叶仍能证明该位置存在另一条记录，请索取之。',
    },
  },
  BUNDLE_RECORD_UNPROVEN: {
    met: { en: 'A record is listed, and no proof of it is in the bundle.', zh: '列出了某条记录，但证据包中没有它的证明。' },
    means: { en: 'Nothing shows that it was ever sealed.', zh: '没有任何内容表明它曾被封存。' },
    todo: { en: 'Treat it as an unproven copy.', zh: '应视为未经证明的副本。' },
  },
  BUNDLE_RECORD_UNLISTED: {
    met: { en: 'A record, or the proof of one, is there and the index does not list it.', zh: '存在某条记录或其证明，而索引未列出。' },
    means: {
      en: 'The index was shortened, or something was added. The counts of the bundle are wrong.',
      zh: '索引被缩短，或有内容被加入。证据包的计数有误。',
    },
    todo: { en: 'Ask the exporter which records the bundle should have.', zh: '请向导出者查问证据包应包含哪些记录。' },
  },
  BUNDLE_SCOPE_DIFFERS: {
    met: {
      en: 'The records are not those that the scope names: another id, another conversation, outside of the period, or marked as outside when they are not.',
      zh: '记录与所述范围不符：标识不同、会话不同、在期间之外，或被误标为期间之外。',
    },
    means: { en: 'What the bundle claims to be and what it holds are two things.', zh: '证据包自称的内容与实际内容不一致。' },
    todo: {
      en: 'Ask for a bundle with the right scope. Records that are marked as outside can be asked for and checked (`--disclose`).',
      zh: '请要求按正确范围重新出具。被标为期间之外的记录可另行索取并核对（`--disclose`）。',
    },
  },
  BUNDLE_INCOMPLETE: {
    met: {
      en: 'The proof that nothing of the conversation was left out fails: a chain, segment, object, neighbour, count or record is missing or wrong.',
      zh: '“会话没有遗漏”的证明不成立：缺少或错用了某条链、段、对象、相邻项、计数或记录。',
    },
    means: {
      en: 'Messages of this conversation may have been left out. This is the finding that speaks of omission in a bundle.',
      zh: '该会话可能有消息被略去。这是证据包中直接关系到“遗漏”的发现。',
    },
    todo: {
      en: 'Ask for the bundle again; if it stays, ask why that segment or object was left out.',
      zh: '重新索取；若仍如此，请查问为何略去该段或该对象。',
    },
  },
  BUNDLE_OBJECT_CLOSED: {
    met: {
      en: 'The bundle does not open the directory of an object, and governance has no certificate that its keys were destroyed.',
      zh: '证据包未打开某对象的目录，而治理链中没有其密钥已销毁的证明。',
    },
    means: {
      en: 'Whether this object holds messages of the conversation is not known; about all others the statement holds.',
      zh: '无法得知该对象中是否有此会话的消息；对其余对象，结论成立。',
    },
    todo: { en: 'Ask the exporter for the reason, and for a bundle that opens it.', zh: '请导出者说明理由，并出具打开该目录的证据包。' },
  },
  BUNDLE_COPY_INVALID: {
    met: {
      en: 'A redacted copy is not signed by the archive, stands for another record, or for one that is not withheld.',
      zh: '遮蔽副本不是由归档签署，或对应另一条记录，或对应的记录并未保留不出示。',
    },
    means: { en: 'The text in the place of the withheld record is not the one that the archive gave.', zh: '代替未出示记录的文字不是归档所提供的。' },
    todo: {
      en: 'Disregard the copy. Ask for the record itself under the rules of your court.',
      zh: '不予采信该副本。请按受理机关的规则索取原记录。',
    },
  },
  BUNDLE_TIME_ZONE: {
    met: {
      en: 'The local times of the transcript are not those of its time zone by the data of this machine.',
      zh: '会话记录中的本地时间，与本机时区数据不符。',
    },
    means: {
      en: 'Either somebody shifted the local times, or one machine has older time-zone data. The UTC times beside them are checked apart.',
      zh: '可能有人改动了本地时间，也可能某台机器的时区数据较旧。旁边的 UTC 时间另行核对。',
    },
    todo: { en: 'Use the UTC times. Update the machine and verify again.', zh: '请以 UTC 时间为准；更新本机后再次核验。' },
  },
  BUNDLE_DISCLOSURE_DIFFERS: {
    met: {
      en: 'A record that was disclosed later is not the one that the bundle withholds, or belongs to nothing in it.',
      zh: '事后披露的记录与证据包中保留不出示的记录不符，或不属于其中任何一条。',
    },
    means: {
      en: 'Somebody gave another text than the one that was sealed, or the wrong files.',
      zh: '有人提供了与封存内容不同的文本，或给错了文件。',
    },
    todo: { en: 'Ask again for record and salt of exactly this offset.', zh: '请重新索取该位点的记录与盐值。' },
  },
  DERIVED_DIFFERS: {
    met: {
      en: 'The transcript, the certificate or the README is not the text that follows from the records and the index.',
      zh: '会话记录、真实性说明或 README 与由记录和索引生成的文本不符。',
    },
    means: {
      en: 'The page for people was edited, or made by another release. The records themselves are judged apart.',
      zh: '供人阅读的文本被修改，或由其他版本生成。记录本身另行判断。',
    },
    todo: {
      en: 'Do not read or sign that text. Read the records, or have the bundle made again.',
      zh: '请勿阅读或签署该文本。请阅读原始记录，或重新制作证据包。',
    },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
