/**
 * A real time-stamp authority (RFC 3161) on the loopback interface, for tests and for trying: `openssl ts` behind HTTP, with a certificate
 * authority of its own that is made at each start. By hand: `node deploy/local/local-tsa.mjs [PORT]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { need, run } from './run.mjs';

const DAY_MS = 24 * 3600 * 1000;
const MAX_QUERY_BYTES = 64 * 1024;
const KEYS = {
  p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  rsa: ['rsa', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa1024: ['rsa', '-pkeyopt', 'rsa_keygen_bits:1024'],
};
/** Extended key usage of the authority's certificate: as it must be, and as it must not be. `openssl ts` signs with the first only. */
const PURPOSES = {
  critical: 'extendedKeyUsage=critical,timeStamping',
  plain: 'extendedKeyUsage=timeStamping',
  mixed: 'extendedKeyUsage=critical,timeStamping,emailProtection',
  other: 'extendedKeyUsage=critical,emailProtection',
  absent: '',
};

/**
 * @typedef {object} TsaOptions
 * @property {string} [name] common name of the authority
 * @property {number} [days] how long its certificate is valid from now
 * @property {Date} [from] or from when
 * @property {Date} [to] until when
 * @property {string} [md] digest of its signatures
 * @property {string} [essMd] digest by which the token names the certificate: sha1 gives ESSCertID, others ESSCertIDv2
 * @property {keyof typeof KEYS} [key]
 * @property {keyof typeof PURPOSES} [purpose]
 * @property {boolean} [intermediate] whether an authority stands between the root and this one
 * @property {number} [port] 0 or none: any free one
 */

/**
 * @typedef {object} LocalTsa
 * @property {string} url
 * @property {string} folder holds `root.pem`, `tsa.pem`, `tsa.key`, `above.pem` (all but the authority) and `tsa.conf`
 * @property {Uint8Array} rootDer
 * @property {Uint8Array} certificateDer of the authority itself
 * @property {(query: Uint8Array) => Promise<Buffer>} reply the answer to a query, without HTTP
 * @property {(...args: string[]) => Promise<string>} openssl runs it in `folder`
 * @property {() => Promise<void>} stop ends the server and removes `folder`
 */

/**
 * @param {TsaOptions} [options]
 * @returns {Promise<LocalTsa>}
 */
export async function startLocalTsa(options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tsa-'));
  const program = need('openssl', 'is the time-stamp authority');
  const openssl = (/** @type {string[]} */ ...args) => run(program, args, { cwd: folder });
  try {
    await makeCertificates(folder, openssl, options);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }

  let queries = 0;
  /** One at a time: `openssl ts` keeps its serial number in a file. @type {Promise<unknown>} */
  let last = Promise.resolve();
  const reply = (/** @type {Uint8Array} */ query) => {
    const number = ++queries;
    const answer = last.then(async () => {
      writeFileSync(join(folder, `${number}.tsq`), query);
      await openssl('ts', '-reply', '-config', 'tsa.conf', '-queryfile', `${number}.tsq`, '-out', `${number}.tsr`);
      return readFileSync(join(folder, `${number}.tsr`));
    });
    last = answer.catch(() => undefined); // The next query is another matter; whoever asked this one hears of it.
    return answer;
  };

  const server = createServer((request, response) => {
    readBody(request)
      .then(reply)
      .then(
        (body) => response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': body.length }).end(body),
        (error) => response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error)),
      );
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve(undefined));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    folder,
    rootDer: derOf(join(folder, 'root.pem')),
    certificateDer: derOf(join(folder, 'tsa.pem')),
    reply,
    openssl,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await last;
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * @param {string} folder
 * @param {(...args: string[]) => Promise<string>} openssl
 * @param {TsaOptions} options
 */
async function makeCertificates(
  folder,
  openssl,
  { name = 'Local time-stamp authority', days = 365, from, to, key = 'p256', intermediate = false, ...more },
) {
  const start = from ?? new Date(Date.now() - DAY_MS);
  const end = to ?? new Date(Date.now() + days * DAY_MS);
  // The authorities above outlive the certificate on both sides: what is tested is the lower one.
  const above = [new Date(start.getTime() - 3650 * DAY_MS), new Date(end.getTime() + 3650 * DAY_MS)];
  const purpose = PURPOSES[more.purpose ?? 'critical'];
  writeFileSync(join(folder, 'tsa.conf'), configuration(purpose, more.md ?? 'sha256', more.essMd ?? 'sha256', intermediate));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'serial'), '1000\n');
  writeFileSync(join(folder, 'tsaserial'), '01\n');
  mkdirSync(join(folder, 'issued'));

  const request = (/** @type {string} */ file, /** @type {string} */ subject, /** @type {readonly string[]} */ kind) =>
    openssl(
      'req',
      '-new',
      '-utf8',
      '-newkey',
      ...kind,
      '-nodes',
      '-subj',
      subject,
      '-keyout',
      `${file}.key`,
      '-out',
      `${file}.csr`,
      '-config',
      'tsa.conf',
    );
  const issue = (
    /** @type {string} */ file,
    /** @type {string} */ section,
    /** @type {string} */ issuer,
    /** @type {readonly (Date | undefined)[]} */ dates,
  ) =>
    openssl(
      ...['ca', '-batch', '-notext', '-config', 'tsa.conf', '-extensions', section, '-in', `${file}.csr`, '-out', `${file}.pem`],
      ...['-startdate', opensslDate(dates[0]), '-enddate', opensslDate(dates[1]), '-keyfile', `${issuer}.key`],
      ...(issuer === file ? ['-selfsign'] : ['-cert', `${issuer}.pem`]),
    );
  await request('root', '/O=Holdfast tests/CN=Local time-stamp root', KEYS.p256);
  await issue('root', 'authority', 'root', above);
  if (intermediate) {
    await request('between', '/O=Holdfast tests/CN=Local time-stamp intermediate', KEYS.p256);
    await issue('between', 'authority', 'root', above);
  }
  await request('tsa', `/O=Holdfast tests/CN=${name}`, KEYS[key]);
  await issue('tsa', 'tsa_certificate', intermediate ? 'between' : 'root', [start, end]);
  const pem = (/** @type {string} */ file) => readFileSync(join(folder, `${file}.pem`), 'utf8');
  writeFileSync(join(folder, 'above.pem'), (intermediate ? pem('between') : '') + pem('root'));
}

/**
 * @param {string} purpose
 * @param {string} md
 * @param {string} essMd
 * @param {boolean} intermediate
 */
function configuration(purpose, md, essMd, intermediate) {
  return `
[req]
distinguished_name = any_name
string_mask = utf8only
[any_name]
[ca]
default_ca = local_ca
[local_ca]
database = index.txt
serial = serial
new_certs_dir = issued
default_md = sha256
policy = any_subject
unique_subject = no
[any_subject]
organizationName = optional
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa_certificate]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
${purpose}
[tsa]
default_tsa = local_tsa
[local_tsa]
serial = tsaserial
signer_cert = tsa.pem
signer_key = tsa.key
${intermediate ? 'certs = between.pem' : ''}
signer_digest = ${md}
ess_cert_id_alg = ${essMd}
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = no
tsa_name = yes
`;
}

/** @param {Date | undefined} date */
function opensslDate(date) {
  return `${(date ?? new Date()).toISOString().replace(/[-:T]|\.\d+/g, '')}`;
}

/** @param {string} file */
function derOf(file) {
  const text = readFileSync(file, 'utf8').replace(/-----[^-]+-----|\s/g, '');
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** @param {import('node:http').IncomingMessage} request */
async function readBody(request) {
  /** @type {Buffer[]} */
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MAX_QUERY_BYTES) throw new Error('the query is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tsa = await startLocalTsa({ port: Number(process.argv[2] ?? 0) });
  console.log(`time-stamp authority: ${tsa.url}\nits root certificate: ${join(tsa.folder, 'root.pem')}\nCtrl-C ends it and removes the folder.`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void tsa.stop());
}
