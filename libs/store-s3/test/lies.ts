import { createHash } from 'node:crypto';
import { accepted, withLock, type Asked, type Lie, type Memory, type Reply } from './lying-server.js';

const isBypass = ({ headers }: Asked): boolean => headers['x-amz-bypass-governance-retention'] === 'true';

/** Deletes of a version are accepted, and what was deleted is denied from then on. */
function acceptsDeletes(when: (asked: Asked) => boolean = () => true): Lie {
  return {
    before: (asked, memory) => {
      if (asked.method !== 'DELETE' || asked.version === undefined || !when(asked)) return undefined;
      memory.gone.add(asked.version);
      return accepted();
    },
  };
}

/** The same for batches. */
function acceptsBatches(when: (asked: Asked) => boolean = () => true): Lie {
  return {
    before: (asked, memory) => {
      if (asked.method !== 'POST' || !asked.query.has('delete') || !when(asked)) return undefined;
      const text = asked.body.toString();
      for (const [, version = ''] of text.matchAll(/<VersionId>([^<]*)<\/VersionId>/g)) memory.gone.add(version);
      for (const [, key = ''] of text.matchAll(/<Object><Key>([^<]*)<\/Key><\/Object>/g))
        for (const version of memory.of(key)) memory.gone.add(version);
      return accepted('<?xml version="1.0"?><DeleteResult></DeleteResult>', { 'content-type': 'application/xml' });
    },
  };
}

/** A retention is taken as it is asked for, whatever the rules. */
function takesRetention(when: (asked: Asked) => boolean = () => true): Lie {
  return {
    before: (asked, memory) => {
      if (asked.method !== 'PUT' || !asked.query.has('retention') || asked.version === undefined || !when(asked)) return undefined;
      const text = asked.body.toString();
      const mode = /<Mode>(\w+)</.exec(text)?.[1];
      const until = /<RetainUntilDate>([^<]+)</.exec(text)?.[1];
      memory.locks.set(asked.version, mode === undefined || until === undefined ? undefined : { mode, until });
      return accepted('', { 'x-amz-request-id': 'x' });
    },
  };
}

/** Acknowledges and does nothing. */
function swallows(what: 'retention' | 'legal-hold'): Lie {
  return {
    before: (asked) => (asked.method === 'PUT' && asked.query.has(what) ? accepted('', { 'x-amz-request-id': 'x' }) : undefined),
  };
}

/** As soon as something newer is put, what was there is gone. */
function loses(when: (asked: Asked) => boolean): Lie {
  return {
    after: (asked, reply, memory) => {
      if (asked.method === 'PUT' && when(asked)) for (const version of memory.of(asked.key).slice(0, -1)) memory.gone.add(version);
      return reply;
    },
  };
}

const dropsLock = (when: (asked: Asked, memory: Memory) => boolean): Lie => ({
  after: (asked, reply, memory) => (asked.method === 'HEAD' && when(asked, memory) ? withLock(reply, undefined) : reply),
});

/** Every conditional create is told that it won; only the first is one. */
function ignoresCondition(): Lie {
  const seen = new Set<string>();
  return {
    before: ({ method, key, headers }) => {
      if (method !== 'PUT' || headers['if-none-match'] === undefined) return undefined;
      if (!seen.has(key)) {
        seen.add(key);
        return undefined;
      }
      return accepted('', { etag: '"x"' });
    },
  };
}

const invents: Lie = {
  after: (asked, reply) =>
    asked.method === 'GET' && reply.status === 404 && asked.key !== '' ? { ...reply, status: 200, body: Buffer.from('here it is') } : reply,
};

const newest = (asked: Asked, memory: Memory): Reply | undefined => {
  const body = memory.bodies.get(asked.key);
  if (asked.version === undefined || body === undefined || (asked.method !== 'GET' && asked.method !== 'HEAD')) return undefined;
  return accepted(body.toString('latin1'), { 'content-length': String(body.length), 'x-amz-version-id': asked.version });
};

function flipped(body: Buffer): Buffer {
  const other = Buffer.from(body);
  if (other.length > 0) other[0] = (other[0] ?? 0) ^ 1;
  return other;
}

/** For each promise that is relied on, a server that breaks it. Made anew each time: some remember. */
export const lies: Readonly<Record<string, () => Lie>> = {
  lock_reads_back: () => dropsLock(() => true),
  older_version_lock_reads_back: () => dropsLock(({ key, version }, memory) => version !== undefined && memory.of(key).at(-1) !== version),
  compliance_delete_refused: () => acceptsDeletes(),
  compliance_bypass_refused: () => acceptsDeletes(isBypass),
  compliance_batch_refused: () => acceptsBatches(),
  compliance_batch_bypass_refused: () => acceptsBatches(isBypass),
  compliance_shorten_refused: () => takesRetention(),
  compliance_shorten_bypass_refused: () => takesRetention(isBypass),
  compliance_removal_refused: () => takesRetention(),
  compliance_mode_kept: () => takesRetention(isBypass),
  compliance_extend: () => swallows('retention'),
  governance_delete_refused: () => acceptsDeletes(),
  governance_batch_refused: () => acceptsBatches(),
  governance_shorten_refused: () => takesRetention(),
  governance_removal_refused: () => takesRetention(),
  hold_blocks_delete: () => acceptsDeletes(isBypass),
  hold_blocks_batch: () => acceptsBatches(),
  hold_outlives_lock: () => acceptsBatches(),
  hold_leaves_lock: () => {
    let lifted = false;
    return {
      before: (asked) => {
        if (asked.query.has('legal-hold') && asked.body.includes('OFF')) lifted = true;
        return undefined;
      },
      after: (asked, reply) => (asked.method === 'HEAD' && lifted ? withLock(reply, undefined) : reply),
    };
  },
  hold_names_its_version: () => swallows('legal-hold'),
  lock_lasts: () => acceptsDeletes(),
  batch_keeps_locked: () => acceptsBatches(),
  extended_lock_counts: () => swallows('retention'),
  overwrite_keeps_locked: () => loses(() => true),
  copy_keeps_locked: () => ({
    after: (asked, reply, memory) => {
      const isCopy = asked.method === 'PUT' && asked.headers['x-amz-copy-source'] !== undefined;
      if (isCopy) for (const version of memory.of(asked.key)) memory.gone.add(version);
      return reply;
    },
  }),
  delete_makes_marker: () => ({
    before: ({ method, key, version }, memory) => {
      if (method !== 'DELETE' || key === '' || version !== undefined) return undefined;
      for (const one of memory.of(key)) memory.gone.add(one);
      return accepted();
    },
  }),
  batch_makes_markers: () => acceptsBatches(),
  read_behind_delete_marker: () => ({
    after: ({ method, key, version }, reply, memory) => {
      if (method === 'DELETE' && version === undefined) for (const one of memory.of(key)) memory.gone.add(one);
      return reply;
    },
  }),
  exact_versions: () => ({ before: newest }),
  parallel_puts_keep_all: () => loses(({ key }) => key.endsWith('/parallel')),
  unknown_version_refused: () => ({
    before: (asked, memory) => (memory.of(asked.key).includes(asked.version ?? '') ? undefined : newest(asked, memory)),
  }),
  read_after_write: () => ({
    after: ({ method, key, query }, reply) =>
      method === 'GET' && key !== '' && query.has('versionId') ? { ...reply, body: flipped(reply.body) } : reply,
  }),
  claim_race: ignoresCondition,
  claim_not_overwritten: ignoresCondition,
  missing_claim_404: () => invents,
  missing_key_404: () => invents,
  wrong_md5_refused: () => ({
    before: ({ method, headers, body }) => {
      const right = createHash('md5').update(body).digest('base64');
      if (method !== 'PUT' || headers['content-md5'] === undefined || headers['content-md5'] === right) return undefined;
      return accepted('', { 'x-amz-version-id': 'made-up' });
    },
  }),
  date_header: () => {
    let first: Reply['headers'][string] | undefined;
    return {
      after: (_, reply) => {
        first ??= reply.headers['date'];
        return { ...reply, headers: { ...reply.headers, date: first ?? '' } };
      },
    };
  },
  locked_bucket_stays: () => {
    let deleted = false;
    return {
      before: ({ method, key }) => {
        if (method !== 'DELETE' || key !== '') return undefined;
        deleted = true;
        return accepted();
      },
      after: ({ method, key }, reply) => (deleted && method === 'GET' && key === 'x' ? { ...reply, status: 404 } : reply),
    };
  },
  explicit_replaces_default: () => ({
    after: ({ method, key }, reply) => {
      if (method !== 'HEAD' || key !== 'x') return reply;
      return withLock(reply, { mode: 'GOVERNANCE', until: new Date(Date.now() + 86_400_000).toISOString() });
    },
  }),
};
