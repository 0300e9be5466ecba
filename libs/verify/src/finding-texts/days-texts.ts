import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const DAYS_TEXTS = {
  DAY_DIRECTORY_INVALID: {
    met: {
      en: 'A chain of day directories is not in order by itself: a segment is no day directory, does not follow the one before it, or its entries do not lead to the root that its event names.',
      zh: '日目录链自身不合规：某一段不是日目录、与前一段不衔接，或其条目得不出事件所写的根。',
    },
    means: {
      en: "The list that says in which objects of a day a conversation lies was not written by this archive's index process as it should be, or was changed. The messages themselves are judged apart.",
      zh: '说明某会话位于当天哪些对象中的清单，不是由本归档的索引进程照规矩写成的，或被改动过。消息本身另行核查。',
    },
    todo: {
      en: 'Keep it. Do not rely on completeness proofs by day from this segment on; those by single objects still hold. Find out which process wrote it.',
      zh: '保留原样。自该段起不要依赖按日的完整性证明；按单个对象的证明依然有效。查明由哪个进程写入。',
    },
  },
  DAY_DIRECTORY_DIFFERS: {
    met: {
      en: 'A day directory does not say what follows from the message chain it is about: another range or closing segment, other objects, or conversations that the records do not give. Or there is a second one for the same day that says something else.',
      zh: '日目录与其所述的消息链不符：范围或封日的段不同、涵盖的对象不同，或会话与记录推算的结果不一致；也可能是同一天有第二份内容不同的日目录。',
    },
    means: {
      en: 'Somebody tried to hide messages of a conversation from later proofs, or the index process was not honest or not sound. The messages are still there, and the directory of each object was checked apart.',
      zh: '有人试图让某会话的消息不出现在日后的证明里，或索引进程不诚实、有缺陷。消息仍在，每个对象自己的目录也另行核查过。',
    },
    todo: {
      en: 'Treat it as an incident: compare manifest keys and access of whoever runs the role index. Use proofs by single objects for this range.',
      zh: '按事件处理：核查运行索引角色者的清单密钥与访问权限。该范围改用按单个对象的证明。',
    },
  },
  DAY_NOT_ATTESTED: {
    met: {
      en: 'A message chain has closed days without a day directory.',
      zh: '某消息链有已封日却没有日目录的日子。',
    },
    means: {
      en: 'Nobody has rebuilt and attested the directories of these days yet. Nothing is missing; proofs of completeness go object by object for them.',
      zh: '还没有人重建并证明这些日子的目录。并未缺少任何内容；这些日子的完整性证明按单个对象进行。',
    },
    todo: {
      en: 'Let the role index run; it goes back to the beginning of every chain by itself. If it runs, look for its alarms.',
      zh: '让索引角色运行即可，它会自行从每条链的开头补做。若它正在运行，请查看其告警。',
    },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
