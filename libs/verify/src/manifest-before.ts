import { manifestPrefix, paddedSeq } from '@holdfast/seal';
import type { VerifyContext } from './context.js';
import { quietly } from './context.js';
import { finding } from './findings.js';
import { groupBySeq } from './group-by-seq.js';
import { readCandidates } from './read-candidates.js';
import type { Candidate } from './read-candidates.js';

/** Manifests of one number that verify by themselves. */
async function candidatesAt(context: VerifyContext, chain: string, seq: number): Promise<readonly Candidate[]> {
  const prefix = manifestPrefix(chain);
  for await (const group of groupBySeq(context.evidence.list(`${prefix}${paddedSeq(seq)}/`), prefix, () => undefined))
    if (group.seq === seq) return readCandidates(context, chain, group, new Map());
  return [];
}

/** The manifest of this number with this hash; undefined when it is not there any more. */
export async function manifestWith(context: VerifyContext, chain: string, seq: number, hash: string): Promise<Candidate | undefined> {
  return (await candidatesAt(quietly(context), chain, seq)).find((candidate) => candidate.hash === hash);
}

/**
 * The manifest that a range beginning with `from` is built upon: the one that the log has, and then it is proven; else the one
 * that the next number names, and then the report says that it was taken as given. Undefined, and a finding, when there is none.
 */
export async function manifestBefore(context: VerifyContext, chain: string, from: number): Promise<Candidate | undefined> {
  const seq = from - 1;
  const candidates = await candidatesAt(context, chain, seq);
  const logged = context.loggedAt(chain, seq);
  if (logged !== undefined) {
    const proven = candidates.find(({ hash }) => hash === logged);
    if (proven === undefined)
      context.add(
        finding(
          'MANIFEST_MISSING',
          `${chain} ${seq}`,
          'the manifest that the log has for this number is not there; the range behind it was not walked.',
        ),
      );
    return proven;
  }
  const named = new Set((await candidatesAt(quietly(context), chain, from)).map(({ manifest }) => manifest.prev));
  const assumed = candidates.find(({ hash }) => named.has(hash)) ?? candidates[0];
  if (assumed === undefined)
    context.add(finding('MANIFEST_MISSING', `${chain} ${seq}`, 'the manifest before the range is not there; the range was not walked.'));
  else context.collector.assumed.push({ chain, seq, hash: assumed.hash });
  return assumed;
}
