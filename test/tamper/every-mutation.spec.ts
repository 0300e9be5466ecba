import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodeCrypto } from '@holdfast/crypto-node';
import { SeededRandom } from '@holdfast/test-kit';
import { parseLogKey } from '@holdfast/tlog';
import { verifyArchive } from '@holdfast/verify';
import type { Anchors, VerifyReport } from '@holdfast/verify';
import { anchoredInFolder, anchoredInMemory } from '../harness/anchored-archives.js';
import type { AnchoredArchive } from '../harness/anchored-archives.js';
import { MUTATIONS, bytesOf, chainOf, cut, flipped, isNamed, kindOf, targetsOf } from '../harness/mutations.js';
import type { Target } from '../harness/mutations.js';
import type { StoreImage } from '../harness/store-image.js';

// Everything that is stored in a small archive is changed in every way that a person with the disks of the server has, one
// thing at a time. Each change is a finding that names it, or stands in HARMLESS with its reason. The attacker leaves the
// rest alone: what he can do with keys is in lying-writer.spec.ts and transparency-log.spec.ts.

const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20261122);
/** Bytes flipped of each object; `all` takes every byte, which lasts for an hour. */
const FLIPS = process.env['HOLDFAST_TEST_FLIPS'] ?? '1';
/** Every third of the other mutations, or all. */
const EVERY = FLIPS === '1' ? 3 : 1;
/** Only objects whose kind begins with this. */
const ONLY = process.env['HOLDFAST_TEST_FLIPS_IN'] ?? '';
const LONG_MS = 6 * 3_600_000;

interface Harmless {
  readonly mutations: RegExp;
  readonly role: string;
  readonly why: string;
}

const LOCKS = /^(?:unlocked|locked shorter|locked in the other mode)$/;
const HARMLESS: readonly Harmless[] = [
  { mutations: /^stored again$/, role: 'any', why: 'a second version with the same bytes is the note EQUAL_COPY' },
  {
    mutations: /^(?:removed|unlocked|locked shorter|locked in the other mode)$/,
    role: 'attempt',
    why: 'nothing refers to what a writer left behind that lost its claim; while it is there it is the note ABANDONED_ATTEMPT',
  },
  { mutations: /^(?!hidden|replaced by a delete)/, role: 'unused wrap', why: 'nothing is sealed under it; it is the note ABANDONED_ATTEMPT' },
  { mutations: /^locked in the other mode$/, role: 'wrap', why: 'COMPLIANCE instead of GOVERNANCE is the stronger lock' },
  { mutations: /^locked in the other mode$/, role: 'escrow wrap', why: 'COMPLIANCE instead of GOVERNANCE is the stronger lock' },
  { mutations: LOCKS, role: 'checkpoint in between', why: 'it is not locked by design and goes after two days' },
  { mutations: /^removed$/, role: 'checkpoint in between', why: 'it can be signed again from the batches' },
  { mutations: /^removed$/, role: 'checkpoint', why: 'the token over it is a finding instead' },
  { mutations: /^removed$/, role: 'state', why: 'it can be made again from the batches' },
  { mutations: /^removed$/, role: 'token', why: 'nothing says how many there must be; the report names the authorities that still vouch' },
];

describe.each([
  ['memory', () => anchoredInMemory()],
  ['a folder', () => anchoredInFolder()],
])('an archive with log, witness and tokens, in %s', (name, make) => {
  let archive: AnchoredArchive;
  let whole: VerifyReport;
  let targets: readonly Target[];
  const random = new SeededRandom(SEED);

  const judge = (image: StoreImage, anchors: Anchors = archive.outside.believing(), target?: Target): Promise<VerifyReport> => {
    // One chain judges what lies in it; the log and `gov` are always judged.
    const chain = target === undefined ? undefined : chainOf(target);
    const chains = chain !== undefined && /^(?:msg|access)\//.test(chain) ? [chain] : undefined;
    return verifyArchive(image.evidence(), { crypto: nodeCrypto, anchors, ...(chains !== undefined && { chains }) });
  };

  /** What a target is in this archive, finer than its kind. */
  function roleOf(target: Target): string {
    const kind = kindOf(target);
    if (
      isNamed(
        whole.notes.filter(({ code }) => code === 'ABANDONED_ATTEMPT'),
        target,
      )
    )
      return target.store === 'wraps' ? 'unused wrap' : 'attempt';
    const log = kind === 'checkpoint' ? parseLogKey(target.key) : undefined;
    const stamped = archive.image.vault.some(({ key }) => {
      const other = parseLogKey(key);
      return other?.type === 'token' && log?.type === 'checkpoint' && other.checkpoint === log.hash;
    });
    return log === undefined || stamped ? kind : 'checkpoint in between';
  }

  beforeAll(async () => {
    archive = await make();
    whole = await judge(archive.image, archive.outside.holding());
    targets = targetsOf(archive.image).filter((target) => kindOf(target).startsWith(ONLY));
  }, 120_000);
  afterAll(() => archive.remove());

  it('has no finding before anybody touches it, and is anchored to its end', () => {
    expect(whole).toMatchObject({ ok: true, anchored: true, findings: [], skipped: [] });
    expect(whole.log).toMatchObject({ anchor: { size: whole.log?.size, witnesses: ['w'], authorities: ['t'] }, younger: { segments: 0 } });
    expect(whole.recordsOpened).toBe(whole.records);
    const kinds = new Set(targetsOf(archive.image).map(kindOf));
    for (const kind of [
      'genesis',
      'manifest',
      'content',
      'batch',
      'checkpoint',
      'state',
      'token',
      'wrap',
      'escrow wrap',
      'claim',
      'claim of a batch',
    ])
      expect([kind, kinds.has(kind)]).toEqual([kind, true]);
  });

  it(
    `shows every flipped byte, seed ${SEED}`,
    async () => {
      const unseen: string[] = [];
      for (const target of targets) {
        if (roleOf(target) === 'unused wrap') continue;
        const { length } = bytesOf(archive.image, target);
        const positions = FLIPS === 'all' ? [...Array(length).keys()] : Array.from({ length: Number(FLIPS) }, () => random.int(0, length - 1));
        for (const at of positions) {
          const { findings } = await judge(flipped(archive.image, target, at, 1 << random.int(0, 7)), undefined, target);
          if (!isNamed(findings, target)) unseen.push(`byte ${at} of ${target.store} ${target.key}: ${JSON.stringify(findings)}`);
        }
      }
      expect(unseen).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'shows every other change, or it is harmless for a reason that stands above',
    async () => {
      const unseen: string[] = [];
      let turn = random.int(0, EVERY - 1);
      for (const target of targets) {
        const role = roleOf(target);
        for (const mutation of MUTATIONS) {
          if (turn++ % EVERY !== 0) continue;
          const other = mutation.with?.(archive.image, target);
          const changed = mutation.apply(archive.image, target, other);
          if (changed === undefined) continue;
          const { findings, notes, records } = await judge(changed, undefined, other === undefined ? target : undefined);
          if (isNamed(findings, target) && (other === undefined || roleOf(other) === 'unused wrap' || isNamed(findings, other))) continue;
          const rule = HARMLESS.find(({ mutations, role: of }) => mutations.test(mutation.name) && (of === 'any' || of === role));
          const said = rule?.role !== 'any' || isNamed(notes, target);
          const instead = rule?.why.startsWith('the token over it') !== true || findings.some(({ place }) => place.startsWith('t/token/'));
          const lost = kindOf(target) === 'content' || kindOf(target) === 'manifest' ? records === 0 : false;
          if (rule === undefined || !said || !instead || lost)
            unseen.push(
              `${mutation.name}: ${role} ${target.key}: ${JSON.stringify([...findings, ...notes.filter((note) => isNamed([note], target))])}`,
            );
        }
      }
      expect(unseen).toEqual([]);
    },
    LONG_MS,
  );

  it('shows every chain that is cut off at any number, together with its claims and content: the log remembers it', async () => {
    const unseen: string[] = [];
    const chains = new Set(
      targetsOf(archive.image)
        .filter((target) => kindOf(target) === 'manifest')
        .map(chainOf),
    );
    for (const chain of chains) {
      for (let seq = 0; ; seq++) {
        const changed = cut(archive.image, chain, seq);
        if (changed === undefined) break;
        const { findings } = await judge(changed);
        // Behind the end of the log there is only the attempt.
        const attempt = whole.notes.some(({ code, place }) => code === 'PENDING' && place === `${chain} ${seq}`);
        const named = findings.some(({ code, place }) => code === 'MANIFEST_MISSING' && place === `${chain} ${seq}`);
        if (!attempt && !named && !(chain === 'gov' && findings.length > 0)) unseen.push(`${chain} ${seq}: ${JSON.stringify(findings)}`);
      }
    }
    expect([...chains].length).toBeGreaterThan(3);
    expect(unseen).toEqual([]);
  }, 600_000);

  it('shows a log that is cut off at any batch to whoever has kept a checkpoint, and to nobody else', async () => {
    const batches = targetsOf(archive.image).filter((target) => kindOf(target) === 'batch').length;
    for (let no = 0; no < batches; no++) {
      const changed = cut(archive.image, 'log', no);
      if (changed === undefined) throw new Error(`there is no batch ${no}`);
      // It looks like a notary that is late: all that the report can say is how much is not under the log.
      const alone = await judge(changed);
      expect([no, alone.findings]).toEqual([no, []]);
      expect(alone.log?.tail.segments).toBeGreaterThan(0);
      const { findings } = await judge(changed, archive.outside.holding());
      expect([no, findings.map(({ code }) => code)]).toEqual([no, ['LOG_ROLLED_BACK']]);
    }
  }, 120_000);

  it(`changes what it says it changes (${name})`, () => {
    const used = new Set(targets.flatMap((target) => MUTATIONS.map(({ name: what }) => `${what}: ${roleOf(target)}`)));
    // In a folder nothing is repaired and every data key is used.
    const stale = HARMLESS.filter(
      ({ mutations, role }) => role !== 'any' && ![...used].some((one) => one.endsWith(`: ${role}`) && mutations.test(one.split(':')[0] ?? '')),
    );
    expect(stale.map(({ role }) => role).filter((role) => name === 'memory' && ONLY === '' && role !== '')).toEqual([]);
  });
});
