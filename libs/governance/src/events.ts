import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';

const base = {
  /** Command id: the fold refuses a second event of the same command, type and subject. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** RFC 3339, UTC. */
  time: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
  /** Who acts: `os:<user>`, `service:<name>` … */
  principal: z.string().min(1).max(200),
};
const decimal = z.string().regex(/^(0|[1-9]\d{0,18})$/);
/** Taken among the claims: by governance itself, by the transparency log and by the genesis. */
const TAKEN = ['gov', 'log', 'genesis'];
/** Chains are parts of object keys: a name that no store can hold must not be registered (format section 2). */
const isChainName = (text: string): boolean =>
  !TAKEN.includes(text) && text.split('/').every((part) => /^[A-Za-z0-9._=~-]{1,249}$/.test(part) && part !== '.' && part !== '..');
const chain = z.string().max(400).refine(isChainName, 'no chain can have this name');
const className = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
const reason = z.string().min(1).max(1000);
const ecKey = z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), kid: z.string() });
const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
/** Signed statements of recovery keys that stand behind an event (vault format section 13). */
const statements = z.array(hash32).min(1).max(10);
/** `gov` and the log are closed to a key like every chain. */
const closedChain = z.strictObject({
  chain: z.union([z.literal('gov'), z.literal('log'), chain]),
  next: z.int().min(1),
  accepted: z.int().min(0).optional(),
});
const edKey = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() });

/**
 * Events of the `gov` chain that are sealed in the clear (vault format section 10): no message data, so that an auditor
 * without keys can check every signature and every rule.
 */
export const clearEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('archive.created'),
    ...base,
    name: z.string().max(200),
    timeZone: z.string().max(100),
    profile: z.enum(['embedded', 'cluster']),
  }),
  z.strictObject({
    type: z.literal('key.introduced'),
    ...base,
    use: z.enum(['manifest', 'log', 'recovery']),
    jwk: z.union([ecKey, edKey]),
    statements: statements.optional(),
  }),
  z.strictObject({
    type: z.literal('key.closed'),
    ...base,
    use: z.enum(['manifest', 'log', 'recovery']),
    kid: z.string().min(1).max(200),
    chains: z.array(closedChain).max(100_000),
    logSize: z.int().min(0).optional(),
    reason,
    statements: statements.optional(),
  }),
  z.strictObject({
    type: z.literal('escrow.drilled'),
    ...base,
    seed: z.string().regex(/^[0-9a-f]{32}$/),
    wraps: z.int().min(0),
    sampled: z.int().min(0),
    opened: z.int().min(0),
    failed: z.int().min(0),
    records: z.int().min(0),
    begun: base.time,
  }),
  z.strictObject({ type: z.literal('relock.started'), ...base, months: z.int().min(1).max(2412) }),
  z.strictObject({ type: z.literal('relock.done'), ...base, looked: z.int().min(0), extended: z.int().min(0) }),
  z.strictObject({
    type: z.literal('cohort-keys.introduced'),
    ...base,
    class: className,
    period: z.string().regex(/^\d{4}(-\d{2})?$/),
    kek: z.string().max(200),
    escrow: ecKey,
  }),
  z.strictObject({
    type: z.literal('class.defined'),
    ...base,
    name: className,
    number: z.int().min(1).max(0xffff),
    months: z.int().min(1).max(1200),
    lengthenMonths: z.int().min(0).max(1200),
  }),
  z.strictObject({ type: z.literal('policy.set'), ...base, defaultClass: className }),
  z.strictObject({ type: z.literal('chain.registered'), ...base, chain, cluster: z.string().max(200).optional() }),
  z.strictObject({ type: z.literal('source.gap.accepted'), ...base, chain, from: decimal, to: decimal, reason }),
  z.strictObject({
    type: z.literal('import.started'),
    ...base,
    importId: z.string().regex(/^[0-9a-f]{64}$/),
    format: z.string().max(40),
    topic: z.string().max(249),
    timestamp: decimal,
    records: z.int().min(0),
    offsets: z.array(decimal).max(10_000),
  }),
  z.strictObject({ type: z.literal('import.resumed'), ...base, importId: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ type: z.literal('import.finished'), ...base, importId: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({
    type: z.literal('claims.repaired'),
    ...base,
    chain: z.union([z.literal('gov'), chain]),
    seq: z.int().min(0),
    statement: z.string().regex(/^[0-9a-f]{64}$/),
    reason,
  }),
  z.strictObject({ type: z.literal('source.epoch.opened'), ...base, chain, successor: chain, cluster: z.string().max(200), reason }),
]);

export type ClearEvent = z.infer<typeof clearEventSchema>;

/** What the event is about: the key of its record, and with type and command id what makes a repeat visible. */
export function subjectOf(event: ClearEvent): string {
  switch (event.type) {
    case 'archive.created':
      return 'archive';
    case 'key.introduced':
      return `key:${event.jwk.kid}`;
    case 'key.closed':
      return `key:${event.kid}`;
    case 'escrow.drilled':
      return 'escrow';
    case 'relock.started':
    case 'relock.done':
      return 'relock';
    case 'cohort-keys.introduced':
      return `cohort:${event.class}/${event.period}`;
    case 'class.defined':
      return `class:${event.name}`;
    case 'policy.set':
      return 'policy';
    case 'import.started':
    case 'import.resumed':
    case 'import.finished':
      return `import:${event.importId}`;
    case 'chain.registered':
    case 'claims.repaired':
    case 'source.gap.accepted':
    case 'source.epoch.opened':
      return `chain:${event.chain}`;
  }
}

/** An event from the JSON of a `gov` record. @throws HoldfastError `format_malformed` */
export function parseClearEvent(value: unknown): ClearEvent {
  const parsed = clearEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HoldfastError('format_malformed', `an event of the chain gov is malformed at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
