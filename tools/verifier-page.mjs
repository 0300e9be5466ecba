// Builds apps/verifier/dist/verify.html: the verifier of evidence bundles as one file that needs no network and no server.
// The same sources give the same bytes on every machine, so that anybody can compare a release with a build of his own.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const app = join(root, 'apps', 'verifier');
const sha256 = (/** @type {string | Buffer} */ data, /** @type {import('node:crypto').BinaryToTextEncoding} */ encoding) =>
  createHash('sha256').update(data).digest(encoding);

/**
 * @returns {Promise<{ html: string, inputs: string[] }>} the page, and the files (relative to the workspace) that it was made of
 */
export async function makePage() {
  // Loaded when it is needed: most builds find the page up to date.
  const { rolldown } = await import('rolldown');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const bundle = await rolldown({
    // Paths that could show in the output are relative to the workspace, wherever that lies.
    cwd: root,
    input: 'apps/verifier/src/main.ts',
    platform: 'browser',
    resolve: { conditionNames: ['@holdfast/source', 'browser', 'import', 'default'], extensionAlias: { '.js': ['.ts', '.js'] } },
    transform: { target: 'es2022', define: { HOLDFAST_VERSION: JSON.stringify(version) } },
    onLog(level, log) {
      if (level === 'warn') throw new Error(`verify.html: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({
    format: 'iife',
    minify: true,
    comments: { legal: false, annotation: false, jsdoc: false },
    codeSplitting: false,
  });
  const files = await bundle.watchFiles;
  await bundle.close();
  const [chunk] = output;
  if (output.length !== 1) throw new Error('verify.html: the script came out in several parts');
  const script = chunk.code.trim();
  // The end of the element, or the one spelling that makes a browser read on past it (HTML §4.12.1.3).
  if (/<\/script|<!--/i.test(script)) throw new Error('verify.html: the script holds markup that would end it');
  const style = readFileSync(join(app, 'src/page/style.css'), 'utf8').trim();
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script, 'base64')}'`,
    `style-src 'sha256-${sha256(style, 'base64')}'`,
    'worker-src blob:',
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    // Where the browser knows it, no string becomes markup or a script, by whatever mistake: only the worker's address may be made.
    "require-trusted-types-for 'script'",
    'trusted-types worker',
  ].join('; ');
  const modules = chunk.moduleIds.map((id) => relative(root, id.replace(/^\0/, '')));
  /** @type {Record<string, string>} */
  const parts = {
    '{{policy}}': policy,
    '{{licences}}': escapeText(licencesOf(modules)),
    '<!-- style -->': `<style>${style}</style>`,
    '<!-- script -->': `<script>${script}</script>`,
  };
  const template = readFileSync(join(app, 'src/page/page.html'), 'utf8');
  const html = template.replaceAll(/\{\{\w+\}\}|<!-- \w+ -->/g, (name) => parts[name] ?? fail(`verify.html: nothing for ${name}`));
  const more = [
    'apps/verifier/src/page/style.css',
    'apps/verifier/src/page/page.html',
    'tools/verifier-page.mjs',
    'package.json',
    'package-lock.json',
  ];
  return {
    html,
    inputs: [...new Set([...files.map((file) => relative(root, file)), ...more])].filter((file) => existsSync(join(root, file))).sort(),
  };
}

/**
 * Licences ask that their text travels with the software.
 * @param {string[]} modules
 */
function licencesOf(modules) {
  const folders = new Set(modules.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  const own = `Holdfast\n\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}`;
  const others = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8').trim()}`;
  });
  return [own, ...others].join('\n\n────────\n\n');
}

/** @param {string} text */
function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '');
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  throw new Error(message);
}

/** @param {string[]} inputs */
function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(`${file}\0${existsSync(join(root, file)) ? sha256(readFileSync(join(root, file)), 'hex') : ''}\n`);
  return hash.digest('hex');
}

/**
 * Writes the page, its SHA-256 and what it was made of; nothing when all of that is as it was.
 * @returns {Promise<boolean>} whether it was made anew
 */
export async function buildVerifierPage() {
  const page = join(app, 'dist', 'verify.html');
  const record = join(app, 'dist', 'verify.inputs.json');
  if (existsSync(page) && existsSync(record)) {
    const made = JSON.parse(readFileSync(record, 'utf8'));
    if (made.page === sha256(readFileSync(page), 'hex') && made.fingerprint === fingerprint(made.inputs)) return false;
  }
  const { html, inputs } = await makePage();
  const hash = sha256(html, 'hex');
  mkdirSync(dirname(page), { recursive: true });
  writeWhole(page, html);
  writeWhole(`${page}.sha256`, `${hash}  verify.html\n`);
  // Last: a build that was cut short is done again.
  writeWhole(record, JSON.stringify({ page: hash, fingerprint: fingerprint(inputs), inputs }));
  return true;
}

/**
 * Somebody may be reading the file, or making it as well.
 * @param {string} file
 * @param {string} text
 */
function writeWhole(file, text) {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, text);
  renameSync(part, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--hash')) {
  // Made anew and not written: to compare with a release, and for the test that two builds are the same.
  process.stdout.write(`${sha256((await makePage()).html, 'hex')}\n`);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const begun = performance.now();
  const made = await buildVerifierPage();
  if (!process.argv.includes('--quiet'))
    process.stderr.write(`verify.html ${made ? 'built' : 'is up to date'} in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}
