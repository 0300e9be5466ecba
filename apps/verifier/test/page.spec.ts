import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { assembleBundle } from '@holdfast/bundle';
import { nodeCrypto as crypto } from '@holdfast/crypto-node';
import { toHex, utf8 } from '@holdfast/seal';
import { CONVERSATION, EXAMPLE_CHAINS, bundleParts, describeWith, exampleArchive, needed, openObject, zipFile } from '@holdfast/test-kit';
import type { ExampleArchive, Selection } from '@holdfast/test-kit';
import { HttpTimestampAuthority } from '@holdfast/timestamp-rfc3161';
import { formatPolicy } from '@holdfast/tlog';
import type { Browser } from 'playwright-core';
import { startLocalTsa } from '../../../deploy/local/local-tsa.mjs';
import { BrowserPage, buildPage, builtPage } from './browser-page.js';

const SLOW = 180_000;
const [FIRST] = EXAMPLE_CHAINS;
const scope = { kind: 'conversation', key: toHex(utf8(CONVERSATION)) } as const;

type Entries = Map<string, Uint8Array>;
const packed = (entries: Entries, more: readonly { name: string; content: Uint8Array }[] = [], deflate = false): Buffer =>
  zipFile([...[...entries].map(([name, content]) => ({ name, content, deflate })), ...more]);
const flipped = (bytes: Uint8Array, at = bytes.length >> 1): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

it(
  'is the same bytes each time, wherever it is made',
  () => {
    buildPage();
    const hash = createHash('sha256').update(builtPage()).digest('hex');
    expect(buildPage('--hash')).toBe(hash);
    expect(buildPage('--hash')).toBe(hash);
    expect(readFileSync(new URL('../dist/verify.html.sha256', import.meta.url), 'utf8')).toBe(`${hash}  verify.html\n`);
  },
  SLOW,
);

it(
  'is one file with a policy that lets nothing in or out',
  () => {
    buildPage();
    const html = builtPage().toString();
    expect(html).toMatch(
      /<meta\s+http-equiv="Content-Security-Policy"\s+content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types worker"/,
    );
    expect(html).not.toMatch(/<(?:link|img|iframe|object|embed|script src)/);
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain('/node_modules/');
    expect(html).toContain('Copyright (c) 2022 Paul Miller');
  },
  SLOW,
);

describeWith({ env: ['HOLDFAST_TEST_CHROMIUM'] }, 'verify.html in a browser, from its file', () => {
  let browser: Browser;
  let example: ExampleArchive;
  let page: BrowserPage;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-verifier-'));
  const entriesOf = (select: Selection = () => ({ state: 'shown' }), tokens: readonly Uint8Array[] = [], language: 'en' | 'zh-CN' = 'en'): Entries =>
    assembleBundle(
      crypto,
      bundleParts(crypto, example.archive, {
        checkpoint: example.checkpoint,
        time: example.time,
        scope,
        select,
        policy: example.policyText,
        tokens,
        language,
      }),
    );

  beforeAll(async () => {
    buildPage();
    browser = await BrowserPage.launch(needed('HOLDFAST_TEST_CHROMIUM'));
    example = await exampleArchive(crypto);
  }, SLOW);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await browser.close();
  }, SLOW);
  beforeEach(async () => {
    page = await BrowserPage.open(browser);
  }, SLOW);
  afterEach(async () => {
    await page.close();
    // Whatever it was given: nothing left the page, and nothing in it broke its own policy.
    expect({ requests: page.requests, complaints: page.complaints }).toEqual({ requests: [], complaints: [] });
  }, SLOW);

  it(
    'verifies a bundle by a policy, and says what to compare by hand',
    async () => {
      const bundle = packed(entriesOf());
      expect(await page.verify({ bundle, policy: example.policyText })).toEqual({ verdict: 'good', findings: [], notes: [] });
      const fact = (name: string) => page.page.locator(`[data-fact=${name}]`).textContent();
      expect(await fact('archive')).toBe(toHex(example.archive.id));
      expect(await fact('sha256')).toBe(createHash('sha256').update(bundle).digest('hex'));
      expect(await fact('counts')).toBe('7 / 7 / 0 / 0');
      expect(await fact('witnesses')).toContain('w1 (');
      expect(await page.page.locator('#verdict:focus').count()).toBe(1);
      // The judge did run beside the page, not in it.
      expect(page.page.workers()).toHaveLength(1);
    },
    SLOW,
  );

  it(
    'is amber without anything of the verifier’s own, and green with a checkpoint that he kept',
    async () => {
      const bundle = packed(entriesOf());
      expect(await page.verify({ bundle })).toEqual({ verdict: 'unanchored', findings: [], notes: ['NOT_ANCHORED'] });
      const kept = await example.archive.checkpoint([], example.time);
      expect(await page.verify({ bundle, checkpoints: [kept] })).toEqual({ verdict: 'good', findings: [], notes: [] });
    },
    SLOW,
  );

  it(
    'checks a time stamp of a real authority',
    async () => {
      const tsa = await startLocalTsa({ name: 'Stamp AG' });
      try {
        const authority = new HttpTimestampAuthority({ name: 'tsa', url: tsa.url, roots: [tsa.rootDer], clock: { now: () => new Date() } });
        const token = await authority.stamp(crypto.sha256(example.checkpoint));
        const policy = formatPolicy({
          ...example.policy,
          witnesses: [],
          groups: [],
          quorum: 'none',
          tsas: [{ name: 'tsa', certificate: tsa.rootDer }],
        });
        expect(await page.verify({ bundle: packed(entriesOf(undefined, [token])), policy })).toEqual({ verdict: 'good', findings: [], notes: [] });
        expect(await page.page.locator('[data-fact=tokens]').textContent()).toContain('CN=Stamp AG');
        const other = packed(entriesOf(undefined, [flipped(token, token.length - 5)]));
        expect(await page.verify({ bundle: other, policy })).toEqual({
          verdict: 'unanchored',
          findings: [],
          notes: ['NOT_ANCHORED', 'TOKEN_NOT_TRUSTED'],
        });
      } finally {
        await tsa.stop();
      }
    },
    SLOW,
  );

  it(
    'reads a bundle that somebody packed again',
    async () => {
      expect(await page.verify({ bundle: packed(entriesOf(), [], true), policy: example.policyText })).toMatchObject({ verdict: 'good' });
    },
    SLOW,
  );

  it(
    'fails visibly after any change',
    async () => {
      const whole = entriesOf();
      const name = (start: string): string => [...whole.keys()].find((one) => one.startsWith(start))!;
      const record = name('records/');
      const changed = (entry: string, bytes: Uint8Array): Buffer => packed(new Map(whole).set(entry, bytes));
      const without = (entry: string): Buffer => packed(new Map([...whole].filter(([one]) => one !== entry)));
      const other = await exampleArchive(crypto);
      const attacks: Record<string, Parameters<BrowserPage['verify']>[0]> = {
        'a byte of a record': { bundle: changed(record, flipped(whole.get(record)!)) },
        'a record removed': { bundle: without(record) },
        'a record twice': { bundle: packed(whole, [{ name: record, content: whole.get(record)! }]) },
        'an entry more': { bundle: packed(whole, [{ name: 'evil.html', content: utf8('<script>alert(1)</script>') }]) },
        'a word of the transcript': {
          bundle: changed('transcript.html', utf8(Buffer.from(whole.get('transcript.html')!).toString().replace('mended', 'broken'))),
        },
        'a byte of the checkpoint': { bundle: changed('log/checkpoint', flipped(whole.get('log/checkpoint')!)) },
        'a byte of a manifest': { bundle: changed(name('manifests/'), flipped(whole.get(name('manifests/'))!)) },
        'a byte of a proof': { bundle: changed('proofs/log.json', flipped(whole.get('proofs/log.json')!)) },
        'a byte of the index': { bundle: changed('bundle.json', flipped(whole.get('bundle.json')!)) },
        'another genesis': { bundle: changed('genesis.jws', other.archive.genesis) },
        'the end cut off': { bundle: packed(whole).subarray(0, -30) },
        'no zip file': { bundle: utf8('evidence') },
        'another archive than the one named': { bundle: packed(whole), archiveId: 'ab'.repeat(32) },
        'another archive than that of the policy': { bundle: packed(whole), policy: other.policyText },
        'a checkpoint of another archive': { bundle: packed(whole), checkpoints: [other.checkpoint] },
        'a policy that is none': { bundle: packed(whole), policy: 'trust me' },
        'an archive id that is none': { bundle: packed(whole), archiveId: 'mine' },
      };
      const verdicts: Record<string, string | null> = {};
      for (const [what, given] of Object.entries(attacks)) {
        const { verdict } = await page.verify({ policy: example.policyText, ...given });
        verdicts[what] = verdict;
      }
      expect(verdicts).toEqual(Object.fromEntries(Object.keys(attacks).map((what) => [what, 'bad'])));
    },
    SLOW,
  );

  it(
    'explains a finding in both languages, and speaks both throughout',
    async () => {
      const whole = entriesOf();
      const bundle = packed(new Map(whole).set('log/checkpoint', flipped(whole.get('log/checkpoint')!)));
      const { verdict, findings } = await page.verify({ bundle });
      expect([verdict, findings.length > 0]).toEqual(['bad', true]);
      const text = () => page.page.locator('#result').innerText();
      expect(await text()).toContain('What it means');
      expect(await page.barriers()).toEqual([]);
      await page.page.click('#zh');
      expect(await text()).toContain('核验未通过');
      expect(await text()).toContain('含义');
      expect(await page.page.locator('html').getAttribute('lang')).toBe('zh-CN');
      expect(await page.page.title()).toBe('核验证据包');
      expect(await page.barriers()).toEqual([]);
      await page.page.click('#en');
      expect(await text()).toContain('Not verified');
    },
    SLOW,
  );

  it(
    'shows texts as text, invisible characters by number, and originals on demand',
    async () => {
      await page.verify({ bundle: packed(entriesOf()), policy: example.policyText });
      await page.page.locator('summary', { hasText: 'Transcript' }).click();
      const transcript = await page.page.locator('#transcript').innerText();
      expect(transcript).toContain('evil [U+202E]txt[U+202C] <script>alert(1)</script>[U+200B] & "quotes"\nsecond line');
      await page.page.locator('summary', { hasText: 'Records (7)' }).click();
      await page.page.getByRole('button', { name: `Original ${FIRST} 2` }).click();
      const original = page.page.locator('.records pre:not([hidden])');
      await original.filter({ hasText: 'offset 2' }).waitFor();
      expect(await original.innerText()).toContain('<script>alert(1)</script>');
      expect(await page.page.locator('#result script').count()).toBe(0);
      expect(await page.barriers()).toEqual([]);
    },
    SLOW,
  );

  it(
    'proves records that were disclosed later, and none that were changed',
    async () => {
      const bundle = packed(
        entriesOf(({ offset }, chain) => (chain === FIRST && offset === 2n ? { state: 'withheld', reason: 'privileged' } : { state: 'shown' })),
      );
      const segment = example.archive.chains.get(FIRST)![0]!;
      const opened = segment.manifest.objects
        .flatMap((_, no) => openObject(crypto, example.archive, segment, no).records)
        .find(({ offset }) => offset === 2n)!;
      const put = (name: string, bytes: Uint8Array): string => {
        const path = join(folder, name, FIRST, '00000000000000000002');
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(`${path}.rec`, bytes);
        writeFileSync(`${path}.salt`, opened.salt);
        return join(folder, name);
      };
      const policy = example.policyText;
      expect(await page.verify({ bundle, policy, disclosed: put('right', opened.bytes) })).toMatchObject({ verdict: 'good', findings: [] });
      expect(await page.page.locator('[data-fact=disclosed]').textContent()).toBe(`${FIRST} 2: disclosed and proven`);
      expect(await page.verify({ bundle, policy, disclosed: put('wrong', flipped(opened.bytes)) })).toMatchObject({
        verdict: 'bad',
        findings: ['BUNDLE_DISCLOSURE_DIFFERS'],
      });
    },
    SLOW,
  );

  it(
    'saves a report that says what was verified, and with whose help',
    async () => {
      const bundle = packed(entriesOf());
      await page.verify({ bundle, policy: example.policyText });
      const [download] = await Promise.all([page.page.waitForEvent('download'), page.page.click('text=Save report')]);
      expect(download.suggestedFilename()).toBe('bundle.zip.report.json');
      const path = join(folder, 'report.json');
      await download.saveAs(path);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
        format: 'holdfast.bundle-report/1',
        bundle: { name: 'bundle.zip', size: bundle.length, sha256: createHash('sha256').update(bundle).digest('hex') },
        given: { policySha256: createHash('sha256').update(example.policyText).digest('hex'), checkpointsSha256: [], disclosedFiles: 0 },
        report: { ok: true, anchored: true, archive: toHex(example.archive.id) },
      });
    },
    SLOW,
  );

  it(
    'forgets an answer when other files are chosen, and can be used with the keyboard alone',
    async () => {
      await page.give({ bundle: packed(entriesOf()), policy: example.policyText });
      await page.page.focus('#disclosed');
      await page.page.keyboard.press('Tab');
      expect(await page.page.locator('#verify:focus').count()).toBe(1);
      await page.page.keyboard.press('Enter');
      expect(await page.answer()).toMatchObject({ verdict: 'good' });
      await page.page.setInputFiles('#policy', []);
      expect(await page.page.locator('[data-verdict]').count()).toBe(0);
    },
    SLOW,
  );

  it.each([
    ['refuses', 'Worker = class { constructor() { throw new Error("no worker of a local file"); } };'],
    [
      'does not load',
      'Worker = class extends EventTarget { postMessage() { setTimeout(() => this.dispatchEvent(new Event("error")), 0); } terminate() {} };',
    ],
  ])(
    'judges in the page itself where the browser %s a worker',
    async (_, script) => {
      const alone = await BrowserPage.open(browser, { script });
      expect(await alone.verify({ bundle: packed(entriesOf()), policy: example.policyText })).toMatchObject({ verdict: 'good' });
      expect([alone.page.workers(), alone.requests, alone.complaints]).toEqual([[], [], []]);
      await alone.close();
    },
    SLOW,
  );

  it(
    'fits a window of 320 pixels, which is 400 % of a small screen',
    async () => {
      const narrow = await BrowserPage.open(browser, { width: 320, languages: 'zh-CN' });
      expect(await narrow.page.locator('html').getAttribute('lang')).toBe('zh-CN');
      expect(await narrow.barriers()).toEqual([]);
      await narrow.verify({ bundle: packed(entriesOf()) });
      expect(await narrow.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
      expect([narrow.requests, narrow.complaints]).toEqual([[], []]);
      await narrow.close();
    },
    SLOW,
  );
});
