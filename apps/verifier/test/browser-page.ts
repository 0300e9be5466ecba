import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const tool = fileURLToPath(new URL('../../../tools/verifier-page.mjs', import.meta.url));
const file = fileURLToPath(new URL('../dist/verify.html', import.meta.url));

/** Runs the build of the page; with `--hash` answers what it would write. From another folder: the output must not know where it was made. */
export function buildPage(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...args], { cwd: tmpdir(), encoding: 'utf8' });
  if (status !== 0) throw new Error(`the page was not built: ${stderr}`);
  return stdout.trim();
}

export function builtPage(): Buffer {
  return readFileSync(file);
}

/** What a person gives the page. */
export interface Given {
  readonly bundle: Uint8Array;
  readonly policy?: string;
  readonly checkpoints?: readonly Uint8Array[];
  readonly archiveId?: string;
  /** A folder of disclosed records. */
  readonly disclosed?: string;
}

const upload = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

/** The built page in a real browser, from its file, with everything noted that it must not do. */
export class BrowserPage {
  readonly page: Page;
  /** Requests but for the file itself and what it makes of its own bytes. */
  readonly requests: string[] = [];
  /** Messages of the console, faults, and violations of the page's policy. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  static async launch(executablePath: string): Promise<Browser> {
    return chromium.launch({ executablePath });
  }

  static async open(browser: Browser, options: { width?: number; languages?: string; script?: string } = {}): Promise<BrowserPage> {
    const context = await browser.newContext({ viewport: { width: options.width ?? 1000, height: 800 }, locale: options.languages ?? 'en-US' });
    context.setDefaultTimeout(120_000);
    const opened = new BrowserPage(context, await context.newPage());
    const url = pathToFileURL(file).href;
    context.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('blob:')) opened.requests.push(request.url());
    });
    context.on('console', (message) => opened.complaints.push(message.text()));
    context.on('weberror', (error) => opened.complaints.push(error.error().message));
    await context.addInitScript("addEventListener('securitypolicyviolation', (event) => console.error('violates ' + event.violatedDirective))");
    if (options.script !== undefined) await context.addInitScript(options.script);
    await opened.page.goto(url);
    return opened;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async give({ bundle, policy, checkpoints = [], archiveId = '', disclosed }: Given): Promise<void> {
    const { page } = this;
    await page.setInputFiles('#policy', policy === undefined ? [] : [upload('policy.txt', Buffer.from(policy))]);
    await page.setInputFiles(
      '#checkpoints',
      checkpoints.map((bytes, i) => upload(`checkpoint-${i}`, bytes)),
    );
    await page.fill('#archive-id', archiveId);
    if (disclosed !== undefined) await page.setInputFiles('#disclosed', disclosed);
    await page.setInputFiles('#bundle', [upload('bundle.zip', bundle)]);
  }

  /** Gives and verifies; answers the verdict and the codes that the page shows. */
  async verify(given: Given): Promise<{ verdict: string | null; findings: string[]; notes: string[] }> {
    await this.give(given);
    await this.page.click('#verify');
    return this.answer();
  }

  async answer(): Promise<{ verdict: string | null; findings: string[]; notes: string[] }> {
    const verdict = this.page.locator('[data-verdict]');
    await verdict.waitFor({ timeout: 120_000 });
    const codes = async (kind: string): Promise<string[]> => [...new Set(await this.page.locator(`article.${kind} h4`).allTextContents())].sort();
    return { verdict: await verdict.getAttribute('data-verdict'), findings: await codes('finding'), notes: await codes('note') };
  }

  /** What the accessibility rules of axe have against the page as it stands. */
  async barriers(): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }
}
