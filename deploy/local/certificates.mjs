/** A throw-away certificate authority and a server certificate for 127.0.0.1. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { need, run } from './run.mjs';

/**
 * @param {string} folder
 * @returns {Promise<{ caFile: string, keystoreFile: string }>} PEM files; the key store holds private key and certificate
 */
export async function certificates(folder) {
  const openssl = need('openssl', 'for the TLS listener');
  const caFile = join(folder, 'ca.pem');
  const keystoreFile = join(folder, 'keystore.pem');
  if (existsSync(keystoreFile)) return { caFile, keystoreFile };
  const file = (/** @type {string} */ name) => join(folder, name);
  const issue = (/** @type {string} */ name, /** @type {string[]} */ ...more) =>
    run(openssl, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', `/CN=${name}`],
      ...more,
    ]);
  await issue('Holdfast local test CA', '-keyout', file('ca.key'), '-out', caFile);
  await issue(
    ...['localhost', '-keyout', file('server.key'), '-out', file('server.pem'), '-CA', caFile, '-CAkey', file('ca.key')],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  );
  writeFileSync(keystoreFile, readFileSync(file('server.key'), 'utf8') + readFileSync(file('server.pem'), 'utf8'), { mode: 0o600 });
  return { caFile, keystoreFile };
}
