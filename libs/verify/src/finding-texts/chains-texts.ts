import type { FindingCode } from '../findings.js';
import type { FindingText } from './finding-text.js';

export const CHAINS_TEXTS = {
  MANIFEST_MISSING: {
    met: {
      en: 'A number of a chain has no manifest, or the number is claimed and its manifest is gone.',
      zh: '链中某个编号没有清单，或该编号已被认领而清单不见了。',
    },
    means: {
      en: 'A segment, with all its records, was removed or cannot be read. Segments after it prove that it existed.',
      zh: '有一段（连同其中全部记录）被移除或读不出来。其后的段足以证明它曾经存在。',
    },
    todo: {
      en: 'Look for the key in a copy of the bucket and for delete markers; ask who had the right to delete versions.',
      zh: '在存储桶副本中查找该键，并查看删除标记；查明谁拥有删除对象版本的权限。',
    },
  },
  MANIFEST_INVALID: {
    met: {
      en: 'A manifest (or a signed statement) does not read, is signed by a key that the archive does not know at that point, names another place, or does not add up.',
      zh: '清单（或签名声明）无法读取、由此刻归档不承认的密钥签名、写着别的位置，或数目对不上。',
    },
    means: {
      en: "It was not written by this archive's sealing process, or was damaged. Honest attempts always verify.",
      zh: '它不是由本归档的封存进程写入的，或已损坏。正常的写入尝试总能通过验证。',
    },
    todo: {
      en: 'Keep it. If another manifest of the same number verifies, the chain is whole and this one was put there; else restore from a copy.',
      zh: '保留原样。若同一编号另有可通过验证的清单，则链完整，此份系外来放入；否则从副本恢复。',
    },
  },
  MANIFEST_HASH_MISMATCH: {
    met: { en: 'The bytes of a manifest do not have the SHA-256 that its name says.', zh: '清单的字节与其名称所载的 SHA-256 不符。' },
    means: { en: 'The file was changed, swapped or cut after it was stored.', zh: '该文件在存入之后被改动、调换或截断。' },
    todo: {
      en: 'Restore the version from a copy and compare; a difference of a few bytes points to a disk, a whole other text to a person.',
      zh: '从副本取得该版本进行对照：差几个字节多为磁盘问题，整篇不同则多为人为。',
    },
  },
  CHAIN_LINK_BROKEN: {
    met: { en: 'A manifest does not name the manifest before it.', zh: '某清单所指的前一份清单不对。' },
    means: {
      en: 'Segments were removed, exchanged or inserted at this place, or two histories were mixed.',
      zh: '此处有段被移除、调换或插入，或两份历史被混在一起。',
    },
    todo: {
      en: 'Compare both neighbours with a copy. Everything before the place stands by itself; everything behind it only up to its own links.',
      zh: '将前后两段与副本对照。此处之前的内容独立成立；之后的内容只在其自身链接范围内成立。',
    },
  },
  CHAIN_FORKED: {
    met: { en: 'Manifests of one number name different manifests before them.', zh: '同一编号的多份清单指向了不同的前一份清单。' },
    means: {
      en: "Two histories of the same chain were signed with the archive's own key. The sealing process never does that.",
      zh: '同一条链的两份历史都由归档自己的密钥签署。封存进程绝不会这样做。',
    },
    todo: {
      en: 'Treat the manifest key as misused: stop ingest, keep both versions, find out where the key was.',
      zh: '应认定清单密钥被滥用：停止封存，保留两个版本，查清密钥曾在何处。',
    },
  },
  CHAIN_UNREGISTERED: {
    met: {
      en: 'A chain is not registered in governance, or its first segment comes from another log than the one registered.',
      zh: '某条链未在治理链中登记，或其首段来自与登记不同的日志。',
    },
    means: {
      en: 'Records appear that the archive never decided to keep, or a chain was put there from elsewhere.',
      zh: '出现了归档从未决定收存的记录，或某条链是从别处放进来的。',
    },
    todo: {
      en: 'Compare with `gov` of a copy. A missing registration in both means that the chain is foreign.',
      zh: '与副本中的 `gov` 链对照。两边都没有登记，说明该链是外来的。',
    },
  },
  CHAIN_CONTINUES_AFTER_CLOSING: {
    met: { en: 'A segment follows one that closed its chain.', zh: '某段出现在已宣告关闭该链的段之后。' },
    means: {
      en: 'Records were added to a chain that had ended (after a topic was recreated or moved).',
      zh: '有人向已经结束的链（主题重建或迁移之后）追加了记录。',
    },
    todo: {
      en: 'Find out which process wrote it (`software`, `clock` in the manifest) and with which key ring.',
      zh: '查明是哪个进程写入的（看清单中的 `software` 与 `clock`），用的是哪个密钥环。',
    },
  },
  OFFSETS_NOT_COVERED: {
    met: {
      en: 'Between two segments, or inside one, Kafka offsets are neither sealed records nor a hole that the segment accounts for.',
      zh: '两段之间或一段之内，有些 Kafka 位点既不是已封存的记录，也不是该段交代过的空洞。',
    },
    means: { en: 'Messages may be missing. This is the finding that speaks of omission.', zh: '可能有消息缺失。这是直接关系到“遗漏”的发现。' },
    todo: {
      en: 'Note the range. Look for those offsets in Kafka, a mirror, or a copy of the archive.',
      zh: '记下缺失范围，到 Kafka、其镜像或归档副本中查找这些位点。',
    },
  },
  LOSS_NOT_ACCEPTED: {
    met: {
      en: 'A segment says that offsets were lost, but governance never accepted that loss.',
      zh: '某段声称有位点丢失，但治理链中从未有人接受该损失。',
    },
    means: {
      en: 'Somebody wrote a loss into the archive without the sealed decision that must come first.',
      zh: '有人把损失写进了归档，却没有事先应有的、已封存的决定。',
    },
    todo: { en: 'Treat it as missing messages: find who ran the sealing process at that time.', zh: '按消息缺失处理：查明当时是谁在运行封存进程。' },
  },
  ACCEPTED_LOSS: {
    met: {
      en: 'Offsets are lost; a person accepted it with a reason, sealed in governance (`holdfast source accept-gap`).',
      zh: '有位点丢失；已有人说明理由并接受，该决定已封存于治理链（`holdfast source accept-gap`）。',
    },
    means: {
      en: 'The archive is honest about a gap. The messages themselves are not in it.',
      zh: '归档如实记载了一处缺口；这些消息本身不在归档中。',
    },
    todo: {
      en: 'Say so when you produce evidence from that time. Reason, person and time stand in `gov`.',
      zh: '就该时段出具证据时应予说明。理由、责任人与时间均在 `gov` 链中。',
    },
  },
  UNCOMPARED: {
    met: {
      en: 'When sealing took up again, the last sealed record had already left Kafka by retention, so it could not be compared.',
      zh: '恢复封存时，上一条已封存的记录已因保留期满而离开 Kafka，无法进行比对。',
    },
    means: {
      en: 'Nothing was lost. Only the check that it was still the same log could not be made at this place.',
      zh: '没有丢失任何内容，只是此处无法核实那是否仍是同一份日志。',
    },
    todo: {
      en: 'Keep records in Kafka for longer than your longest outage (docs/operations/cluster.md).',
      zh: '让 Kafka 的保留期长于您最长的停机时间（见 docs/operations/cluster.md）。',
    },
  },
  RELOCATED: {
    met: {
      en: 'Manifests or content objects lie under another version id than their claim or manifest names. One note a chain, with their number. Bytes (by SHA-256) and locks were checked and are as they must be.',
      zh: '清单或内容对象所在的版本号与认领或清单所载不同。每条链只提示一次并附数量。其字节（按 SHA-256）与锁均已核对无误。',
    },
    means: {
      en: 'This is a second copy, or an archive that was restored or moved: a store gives what is put into it new version ids. In an archive that was never moved, somebody stored the object anew.',
      zh: '这是一份副本，或经恢复、迁移的归档：存储系统会为写入的内容分配新的版本号。若归档从未迁移过，则说明有人重新存放了该对象。',
    },
    todo: {
      en: 'Nothing on a copy. On an archive that was never copied or restored, ask who put it there; nothing is lost.',
      zh: '副本无须处理。若归档从未复制或恢复过，请查问是谁存放的；内容并无损失。',
    },
  },
  PENDING: {
    met: {
      en: 'The last manifest of a chain is there, and nothing yet says that it was committed.',
      zh: '链的最后一份清单已存在，但尚无依据说明它已提交。',
    },
    means: {
      en: 'Normal while sealing runs, or when you verify a copy without the claims bucket. It says nothing about older segments.',
      zh: '封存进行时、或验证不带认领桶的副本时属正常现象，与更早的段无关。',
    },
    todo: {
      en: 'Nothing. If it stays although sealing goes on, look at the alarms of ingest.',
      zh: '无须处理。若封存仍在继续而该提示长期不消失，请查看 ingest 的告警。',
    },
  },
  TIME_FALLS: {
    met: {
      en: 'The time of a segment lies before that of the one before it, or is not what its clock makes it.',
      zh: '某段的时间早于前一段，或与其写入者的时钟推算不符。',
    },
    means: { en: 'Times were backdated, or the segment was not written by Holdfast.', zh: '时间被倒填，或该段不是 Holdfast 写入的。' },
    todo: { en: 'Do not rely on the times of this segment. Compare with a copy.', zh: '不要采信该段的时间，并与副本对照。' },
  },
  CLOCK_AHEAD: {
    met: {
      en: "The writer's clock ran behind the time of the segment before it: some clock ran ahead earlier.",
      zh: '写入者的时钟落后于前一段的时间：此前曾有某台机器的时钟走快。',
    },
    means: {
      en: 'The order of records is right; the time of the segment is later than its real moment, by at most the error of that clock (60 s against the store at sealing).',
      zh: '记录的先后顺序是对的；该段的时间比实际时刻偏晚，偏差不超过那台时钟的误差（封存时与存储服务的时钟相差不超过 60 秒）。',
    },
    todo: {
      en: 'Check the clocks (NTP) of all machines that seal. Note the segments when exact times matter.',
      zh: '检查所有封存机器的时钟（NTP）。若精确时间关系重大，请记录这些段。',
    },
  },
} satisfies Partial<Record<FindingCode, FindingText>>;
