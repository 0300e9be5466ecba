import { randomBytes } from 'node:crypto';
import { CopyObjectCommand, DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { LOCKED_S, type Bench } from './bench.js';
import { batchOf, lockOf, spell, survived } from './judgements.js';
import { broken, judge, kept, refused, said, Unseen, type Outcome } from './report.js';
import type { Probe } from './probe.js';

const REPLACED = 'Evidence is replaced under its own name.';

/** Versions, delete markers, deletes without a version, overwrites and copies. */
export const versionProbes: readonly Probe[] = [
  {
    name: 'overwrite_keeps_locked',
    group: 'version',
    promise: 'A put to the key of a locked version makes another version and leaves the locked one, bytes and lock.',
    meaning: REPLACED,
    reliedOn: true,
    quick: false,
    run: (bench) => stays(bench, 'over', () => bench.bytes('over', Buffer.from('another text'))),
  },
  {
    name: 'copy_keeps_locked',
    group: 'copy',
    promise: 'A copy onto the key of a locked version makes another version and leaves the locked one, bytes and lock.',
    meaning: REPLACED,
    reliedOn: true,
    quick: false,
    run: (bench) =>
      stays(bench, 'copied-over', async () => {
        await bench.put('copy-source');
        await copy(bench, 'copy-source', 'copied-over', {});
      }),
  },
  {
    name: 'copy_takes_its_lock',
    group: 'copy',
    promise: 'A copy has the lock that its own request names, and none of the source.',
    meaning: 'A copy that was made to be kept is unprotected, or one that was to be temporary cannot be removed.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const lock = bench.lock('GOVERNANCE', LOCKED_S);
      await bench.put('copy-locked', bench.lock('GOVERNANCE', LOCKED_S + 7));
      const plain = await copy(bench, 'copy-locked', 'copy-plain', {});
      const named = await copy(bench, 'copy-locked', 'copy-named', { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.retainUntil });
      const seen = [lockOf(await bench.head('copy-plain', plain)), lockOf(await bench.head('copy-named', named))];
      return judge(seen[0] === 'no lock' && seen[1] === spell(lock), `asked for none it has ${seen.join(', asked for one it has ')}`);
    },
  },
  {
    name: 'delete_makes_marker',
    group: 'delete',
    promise: 'A delete that names no version makes a delete marker and removes nothing.',
    meaning: 'One ordinary delete destroys evidence.',
    reliedOn: true,
    quick: false,
    run: (bench) =>
      stays(bench, 'marked', () => bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key('marked') })))),
  },
  {
    name: 'batch_makes_markers',
    group: 'delete',
    promise: 'A batch delete that names no versions makes delete markers and removes nothing.',
    meaning: 'One ordinary batch destroys evidence.',
    reliedOn: true,
    quick: false,
    run: (bench) => stays(bench, 'batch-marked', () => batchOf(bench, [['batch-marked', undefined]])),
  },
  {
    name: 'batch_answers_each',
    group: 'delete',
    promise: 'A batch of a free, a locked and a missing version says which were deleted and which were not.',
    meaning: 'A report of what was erased is wrong.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      const free = await bench.put('each-free');
      const locked = await bench.put('each-locked', bench.lock('GOVERNANCE', LOCKED_S));
      const gone = await bench.put('each-gone');
      await bench.delete('each-gone', gone);
      const { refusal, deleted, failed } = await batchOf(bench, [
        ['each-free', free],
        ['each-locked', locked],
        ['each-gone', gone],
      ]);
      if (deleted.length + failed.length === 0 && refusal !== undefined) return refused(`the batch was refused (${refusal})`);
      const there = await bench.exists('each-free', free);
      const right = !there && deleted.includes('each-free') && failed.includes('each-locked') && !deleted.includes('each-locked');
      return judge(right, `reported deleted: ${deleted.join(', ')}; failed: ${failed.join(', ')}; the free one is ${there ? 'there' : 'gone'}`);
    },
  },
  {
    name: 'read_behind_delete_marker',
    group: 'version',
    promise: 'A version is read by its id behind a delete marker.',
    meaning: 'Whoever may write can make evidence unreadable.',
    reliedOn: true,
    quick: true,
    run: async (bench) => {
      const version = await bench.put('hidden');
      const marker = await bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key('hidden') })));
      const there = await bench.exists('hidden', version);
      const state = await bench.refusal(bench.head('hidden', version));
      const seen = `behind ${marker.DeleteMarker === true ? 'a marker' : 'a delete'} GET ${there ? 'reads it' : 'does not read it'}, HEAD was ${said(state)}`;
      return judge(there && state === undefined, seen);
    },
  },
  {
    name: 'marker_hides_and_lifts',
    group: 'version',
    promise: 'Behind a delete marker a key reads as 404; when the marker is deleted it reads as before.',
    meaning: 'What looks deleted is not, or what was hidden cannot be shown again.',
    reliedOn: false,
    quick: false,
    run: async (bench) => {
      await bench.put('lifted');
      const marker = await bench.send((client) => client.send(new DeleteObjectCommand({ Bucket: bench.vault, Key: bench.key('lifted') })));
      const hidden = await bench.refusal(bench.read('lifted'));
      if (marker.VersionId === undefined) return judge(false, 'the delete made no marker');
      const lifted = await bench.delete('lifted', marker.VersionId);
      if (lifted !== undefined) return refused(`the marker cannot be deleted (${lifted})`);
      const text = await bench.read('lifted').catch(() => 'nothing');
      return judge(
        hidden?.includes('HTTP 404') === true && text === 'store-check lifted',
        `hidden it was ${said(hidden)}, then ${String(text.length)} bytes`,
      );
    },
  },
  {
    name: 'exact_versions',
    group: 'version',
    promise: 'HEAD and GET of a version id show that version, its size and its bytes, whatever lies above it.',
    meaning: 'Asked for the evidence, the store shows something else.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const bodies = [1, 2, 3, 4].map((n) => randomBytes(n * 10).toString('hex'));
      const versions: string[] = [];
      for (const body of bodies) versions.push(await bench.bytes('exact', Buffer.from(body)));
      const wrong: string[] = [];
      for (const [i, version] of versions.entries()) {
        const { ContentLength, VersionId } = await bench.head('exact', version);
        if (ContentLength !== bodies[i]?.length || VersionId !== version) wrong.push(`HEAD of version ${String(i + 1)}`);
        if ((await bench.read('exact', version)) !== bodies[i]) wrong.push(`GET of version ${String(i + 1)}`);
      }
      return judge(wrong.length === 0, wrong.length === 0 ? 'four versions of one key read as they were put' : `${wrong.join(', ')} showed another`);
    },
  },
  {
    name: 'parallel_puts_keep_all',
    group: 'version',
    promise: 'Of many puts to one key at the same moment each makes a version of its own that can be read.',
    meaning: 'Evidence that was acknowledged is lost when two write at once.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const bodies = Array.from({ length: 16 }, () => randomBytes(16).toString('hex'));
      const sent = await Promise.allSettled(bodies.map((body) => bench.bytes('parallel', Buffer.from(body))));
      const told: (readonly [string, string])[] = [];
      for (const [i, one] of sent.entries()) if (one.status === 'fulfilled') told.push([one.value, bodies[i] ?? '']);
      if (told.length === 0) throw new Unseen(refused('none of them was acknowledged'));
      let lost = 0;
      for (const [version, body] of told) if ((await bench.read('parallel', version).catch(() => '')) !== body) lost += 1;
      const ids = new Set(told.map(([version]) => version)).size;
      return judge(
        lost === 0 && ids === told.length,
        `of ${String(told.length)} acknowledged puts ${String(lost)} read wrongly or not at all; ${String(ids)} version ids`,
      );
    },
  },
  {
    name: 'unknown_version_refused',
    group: 'version',
    promise: 'A version id that the store never gave is not answered with the newest version.',
    meaning: 'Asked for evidence that is gone, the store shows something else as if it were that.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      const version = await bench.put('unknown');
      const last = version.at(-1) ?? '';
      const other = version.slice(0, -1) + (last === 'a' ? 'b' : 'a');
      const command = new HeadObjectCommand({ Bucket: bench.vault, Key: bench.key('unknown'), VersionId: other });
      const head = await bench.refusal(bench.send((client) => client.send(command)));
      const get = await bench.refusal(bench.read('unknown', other));
      return judge(head !== undefined && get !== undefined, `HEAD was ${said(head)}, GET ${said(get)}`);
    },
  },
  {
    name: 'read_after_write',
    group: 'version',
    promise: 'What was acknowledged is read back at once, whole and unchanged.',
    meaning: 'An acknowledgement is no proof that evidence was stored.',
    reliedOn: true,
    quick: false,
    run: async (bench) => {
      for (let round = 0; round < 10; round++) {
        const body = randomBytes(1000 + round * 20_000);
        const name = `written-${String(round)}`;
        const version = await bench.bytes(name, body);
        const read = await bench.refusal(
          bench.read(name, version).then((text) => {
            if (text !== body.toString('latin1'))
              throw new Unseen(judge(false, `${String(text.length)} bytes read for ${String(body.length)} put, not the same`));
          }),
        );
        if (read !== undefined) return judge(false, `the read after an acknowledged put was ${said(read)}`);
      }
      return kept('ten objects of 1 to 181 kB read as they were put');
    },
  },
];

/** Puts a locked version, does something to its key, and looks whether it is there and still protected. */
async function stays(bench: Bench, name: string, act: () => Promise<unknown>): Promise<Outcome> {
  const version = await bench.put(name, bench.lock('COMPLIANCE', LOCKED_S));
  const refusal = await bench.refusal(act());
  if (!(await bench.exists(name, version))) return broken(`it was ${said(refusal)}; the locked version is gone or changed`);
  const outcome = await survived(bench, name, version, await bench.delete(name, version));
  return { ...outcome, seen: `it was ${said(refusal)}; then ${outcome.seen}` };
}

async function copy(
  bench: Bench,
  from: string,
  to: string,
  more: { readonly ObjectLockMode?: 'COMPLIANCE' | 'GOVERNANCE'; readonly ObjectLockRetainUntilDate?: Date },
): Promise<string | undefined> {
  const CopySource = `${bench.vault}/${bench.key(from)}`;
  const output = await bench.send((client) => client.send(new CopyObjectCommand({ Bucket: bench.vault, Key: bench.key(to), CopySource, ...more })));
  return output.VersionId;
}
