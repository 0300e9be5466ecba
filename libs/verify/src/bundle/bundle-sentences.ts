import type { BundleFactsSeen } from './bundle-facts-seen.js';

/** One sentence for people, in both languages. */
export interface Sentence {
  readonly en: string;
  readonly zh: string;
}

/** Plain words for what the bundle proves, and for what it does not. `ok`: there is no finding. */
export function sentencesOf(seen: BundleFactsSeen, ok: boolean): { readonly proven: Sentence[]; readonly notProven: Sentence[] } {
  const proven: Sentence[] = [];
  const notProven: Sentence[] = [];
  const { index, position, anchors, completeness } = seen;
  const withheld = index.records.filter(({ state }) => state === 'withheld').length;
  const outside = index.records.filter(({ state }) => state === 'outside').length;
  if (!ok)
    notProven.push({
      en: 'There are findings: do not rely on this bundle before each is explained.',
      zh: '存在发现：在逐一查明之前，请勿采信本证据包。',
    });
  if (position === undefined) {
    notProven.push({
      en: 'No checkpoint of the archive verifies, so nothing says when these records were there.',
      zh: '没有可验证的检查点，无法说明这些记录何时已存在。',
    });
  } else {
    proven.push({
      en: `${seen.shown} shown records are exactly those that the archive ${seen.archive} sealed before ${position.time}.`,
      zh: `所展示的 ${seen.shown} 条记录与归档 ${seen.archive} 在 ${position.time} 之前封存的内容完全一致。`,
    });
    if (withheld > 0)
      proven.push({
        en: `${withheld} withheld records exist and keep their place; their content can be proven later from their bytes and salts.`,
        zh: `${withheld} 条未出示的记录确实存在且位置不变；日后可凭其字节与盐值证明其内容。`,
      });
  }
  if (anchors.anchored) proven.push(anchorSentence(seen));
  else
    notProven.push({
      en: seen.policyGiven
        ? 'Nobody of your policy vouches for the checkpoint: the archive agrees with itself, and its operator could have written it anew.'
        : 'You gave no policy and no checkpoint of your own: the archive agrees with itself, and its operator could have written it anew.',
      zh: seen.policyGiven
        ? '您的策略中无人为该检查点作证：归档自洽，但其运营者仍可能重新写出一份。'
        : '您未提供策略，也未提供自己保存的检查点：归档自洽，但其运营者仍可能重新写出一份。',
    });
  if (completeness !== undefined) completenessSentences(completeness, proven, notProven);
  else
    notProven.push({
      en: 'That there are no other records on the subject: only a bundle of a whole conversation proves that nothing was left out.',
      zh: '不能证明没有其他相关记录：只有针对完整会话的证据包才能证明没有遗漏。',
    });
  if (index.scope.kind === 'query')
    notProven.push({ en: 'That the query finds these records and no others.', zh: '不能证明该查询恰好命中这些记录而无其他。' });
  if (outside > 0)
    notProven.push({
      en: `That ${outside} records lie outside of the period is the word of the exporter: their content is not in the bundle.`,
      zh: `有 ${outside} 条记录位于期间之外，这只是导出者的陈述：其内容不在证据包中。`,
    });
  if (withheld > 0)
    notProven.push({
      en: 'That the reasons for withholding are right, and that redacted copies say what the records say.',
      zh: '不能证明不予出示的理由正确，也不能证明遮蔽副本与原记录相符。',
    });
  if (!seen.zoneKnown)
    notProven.push({
      en: 'This machine does not know the time zone of the transcript: its local times were not checked, the UTC times were.',
      zh: '本机不认识会话记录所用时区：未核对本地时间，已核对 UTC 时间。',
    });
  notProven.push(
    {
      en: 'What people wrote before the archive received it: the archive keeps what it was sent, with the names and times that the source gave.',
      zh: '不能证明归档收到之前的情形：归档保存的是收到的内容，姓名与时间均由来源系统提供。',
    },
    {
      en: 'The verify.html in the bundle: take the verifier from its publisher and compare its SHA-256.',
      zh: '证据包中的 verify.html 不在证明之列：请向发布者获取核验程序并核对其 SHA-256。',
    },
  );
  // One forged part may be what another leans on: a bundle with findings is not quoted in pieces.
  return { proven: ok ? proven : [], notProven };
}

function anchorSentence({ anchors, position }: BundleFactsSeen): Sentence {
  const stamped = anchors.tokens.filter(({ time }) => time !== undefined);
  const en: string[] = [];
  const zh: string[] = [];
  if (anchors.quorum) {
    const names = anchors.witnesses.map(({ name, time }) => `${name} (${time})`).join(', ');
    en.push(`the witnesses ${names}`);
    zh.push(`见证方 ${names}`);
  }
  if (stamped.length > 0) {
    const names = stamped.map(({ authority = '', time = '' }) => `${authority} (${time})`).join(', ');
    en.push(`the time-stamp authorities ${names}`);
    zh.push(`时间戳机构 ${names}`);
  }
  if (anchors.brought.equal > 0) {
    en.push('a checkpoint that you have kept');
    zh.push('您自己保存的检查点');
  }
  return {
    en: `The checkpoint of ${position?.time ?? ''} is vouched for by ${en.join(' and ')}: nothing under it can have been changed since.`,
    zh: `${position?.time ?? ''} 的检查点由${zh.join('以及')}作证：此后其下内容不可能被改动。`,
  };
}

function completenessSentences(completeness: NonNullable<BundleFactsSeen['completeness']>, proven: Sentence[], notProven: Sentence[]): void {
  const { complete, chains, segments, objects, unattributed, exceptions } = completeness;
  if (complete !== 'no')
    proven.push({
      en: `Under this checkpoint no other record has the key of this conversation: ${objects} objects in ${segments} segments of ${chains} chains were looked at${complete === 'yes' ? '' : `, all but ${exceptions.length}`}.`,
      zh: `在该检查点之下，没有其他记录具有此会话的键：共核对 ${chains} 条链、${segments} 段中的 ${objects} 个对象${complete === 'yes' ? '' : `，其中 ${exceptions.length} 个除外`}。`,
    });
  else
    notProven.push({
      en: 'That nothing of the conversation was left out: the proof of completeness fails.',
      zh: '不能证明该会话没有遗漏：完整性证明不成立。',
    });
  if (exceptions.length > 0)
    notProven.push({
      en: `Whether ${exceptions.length} objects hold records of the conversation: their directories are not opened here.`,
      zh: `不能证明 ${exceptions.length} 个对象中是否有此会话的记录：其目录未在此打开。`,
    });
  if (unattributed > 0)
    notProven.push({
      en: `To which conversation ${unattributed} records without a key belong.`,
      zh: `有 ${unattributed} 条记录没有键，无法判断属于哪个会话。`,
    });
  notProven.push({
    en: 'That the directories were true when they were sealed: the archive rebuilds them from the plaintext, a verifier with keys can do so too.',
    zh: '不能证明目录在封存时属实：归档会由明文重建目录，持有密钥的核验者也可如此核对。',
  });
}
