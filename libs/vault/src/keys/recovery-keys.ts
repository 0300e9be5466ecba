import { HoldfastError } from '@holdfast/record';
import type { KeyStatement } from '@holdfast/governance';
import type { Archive } from '../archive.js';
import { command } from './close-key.js';
import type { KeyTools } from './close-key.js';
import { recoveryKeysOf, storeStatements } from './key-statement.js';

/** What is to be signed so that a recovery key counts from now on, or no longer. */
export function prepareRecovery(
  { archive, governance, principal }: KeyTools,
  what: { readonly action: 'introduce'; readonly kid: string } | { readonly action: 'close'; readonly kid: string; readonly reason: string },
): KeyStatement {
  const known = recoveryKeysOf(archive, governance.state).has(what.kid);
  if (known === (what.action === 'introduce'))
    throw new HoldfastError('bad_request', known ? `${what.kid} is a recovery key already.` : `The archive has no valid recovery key ${what.kid}.`);
  return {
    format: 'holdfast.key-statement/1',
    archive: archive.idHex,
    action: what.action,
    use: 'recovery',
    kid: what.kid,
    chains: [],
    logSize: null,
    reason: what.action === 'close' ? what.reason : null,
    principal,
    time: archive.clock.now().toISOString(),
  };
}

/** Seals what the statement says; a repeat changes nothing. @throws HoldfastError `bad_request` */
export async function sealRecovery(
  tools: KeyTools,
  statement: KeyStatement,
  signed: readonly string[],
  jwk?: Archive['genesis']['recovery'][number],
): Promise<void> {
  const { archive, governance, principal } = tools;
  await governance.refresh();
  const { kid, reason } = statement;
  if (recoveryKeysOf(archive, governance.state).has(kid) === (statement.action === 'introduce')) return;
  if (statement.archive !== archive.idHex || statement.use !== 'recovery')
    throw new HoldfastError('bad_request', 'The statement is not about a recovery key of this archive.');
  if (statement.action === 'introduce' && jwk?.kid !== kid)
    throw new HoldfastError('bad_request', `The statement is about ${kid}; name the file of that public key.`);
  if (statement.action === 'close' && recoveryKeysOf(archive, governance.state).size === 1)
    throw new HoldfastError('bad_request', `${kid} is the only recovery key: introduce another first.`);
  const statements = await storeStatements(archive, governance, statement, signed);
  await governance.append((state) => {
    if (recoveryKeysOf(archive, state).has(kid) === (statement.action === 'introduce')) return [];
    const base = command(archive, principal);
    if (jwk !== undefined && statement.action === 'introduce') return [{ type: 'key.introduced', ...base, use: 'recovery', jwk, statements }];
    return [{ type: 'key.closed', ...base, use: 'recovery', kid, chains: [], reason: reason ?? '', statements }];
  });
}
