import type { Answer, Chosen, Judgement } from '../judge/messages.js';
import { button, byId, el } from './elements.js';
import { linkToJudge } from './judge-link.js';
import { contentView } from './records-view.js';
import { reportFile, saveText } from './report-file.js';
import { resultView } from './result-view.js';
import { EN } from './words-en.js';
import { ZH } from './words-zh.js';
import type { Words } from './words.js';

type Refused = Extract<Answer, { readonly kind: 'refused' | 'failed' }>;

/** Brings the page to life. `script` is the script it runs, for the worker. */
export function startPage(script: string, version: string): void {
  const form = byId('form', 'form');
  const bundle = byId('input', 'bundle');
  const policy = byId('input', 'policy');
  const checkpoints = byId('input', 'checkpoints');
  const disclosed = byId('input', 'disclosed');
  const archiveId = byId('input', 'archive-id');
  const verify = byId('button', 'verify');
  const drop = byId('div', 'drop');
  const status = byId('p', 'status');
  const progress = byId('progress', 'progress');
  const result = byId('div', 'result');
  const languages = { en: byId('button', 'en'), 'zh-CN': byId('button', 'zh') };

  let words: Words = navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) ? ZH : EN;
  let judgement: Judgement | undefined;
  let refused: Refused | undefined;
  const waiting = new Map<string, HTMLElement>();
  const ask = linkToJudge(script, onAnswer);

  function speak(): void {
    document.documentElement.lang = words.lang;
    document.title = words.labels['title'] ?? '';
    for (const element of document.querySelectorAll<HTMLElement>('[data-word]'))
      element.textContent = words.labels[element.dataset['word'] ?? ''] ?? '';
    for (const [lang, element] of Object.entries(languages)) element.setAttribute('aria-pressed', String(lang === words.lang));
    show();
  }

  function show(): void {
    if (judgement !== undefined) {
      const shown = judgement;
      result.replaceChildren(
        ...resultView(shown, words),
        ...contentView(shown, words, (entry, place) => {
          waiting.set(entry, place);
          ask({ kind: 'open', entry });
        }),
        el(
          'p',
          { class: 'actions' },
          button(words.save, () => {
            saveText(`${shown.subject.bundle.name}.report.json`, reportFile(shown, version, new Date()));
          }),
          ' ',
          button(words.print, () => {
            print();
          }),
        ),
      );
    } else if (refused !== undefined) {
      const title = words.verdicts.bad.title;
      const text = refused.kind === 'failed' ? words.failed : words.refused[refused.what];
      result.replaceChildren(
        el(
          'div',
          { class: 'verdict bad', 'data-verdict': 'bad' },
          el('h2', { id: 'verdict', tabindex: '-1' }, el('span', { 'aria-hidden': 'true' }, '✗ '), title),
          el('p', {}, text),
          el('p', { lang: 'en' }, refused.problem),
        ),
      );
    } else result.replaceChildren();
  }

  function onAnswer(answer: Answer): void {
    switch (answer.kind) {
      case 'hashing':
      case 'reading':
        // Set only when it changes: a screen reader says it each time.
        if (status.textContent !== words[answer.kind]) status.textContent = words[answer.kind];
        progress.max = Math.max(answer.of, 1);
        progress.value = answer.done;
        return;
      case 'opened': {
        const place = waiting.get(answer.entry);
        if (place !== undefined) place.textContent = answer.text;
        return;
      }
      case 'judged':
        judgement = answer.judgement;
        return settle();
      case 'refused':
      case 'failed':
        refused = answer;
        return settle();
    }
  }

  function settle(): void {
    busy(false);
    show();
    // A person who cannot see the page is taken to the answer.
    document.getElementById('verdict')?.focus();
  }

  function busy(is: boolean): void {
    verify.disabled = is || bundle.files?.length !== 1;
    progress.hidden = !is;
    status.textContent = '';
    result.setAttribute('aria-busy', String(is));
  }

  function chosen(file: File): Chosen {
    const only = policy.files?.[0];
    return {
      name: file.name,
      bundle: file,
      archiveId: archiveId.value.trim().toLowerCase(),
      ...(only === undefined ? {} : { policy: only }),
      checkpoints: [...(checkpoints.files ?? [])],
      disclosed: [...(disclosed.files ?? [])].map((one) => ({ path: one.webkitRelativePath || one.name, file: one })),
    };
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const file = bundle.files?.[0];
    if (file === undefined) return;
    judgement = undefined;
    refused = undefined;
    waiting.clear();
    show();
    busy(true);
    ask({ kind: 'verify', chosen: chosen(file) });
  });
  // An answer belongs to what was asked: with other files chosen it is gone.
  form.addEventListener('change', () => {
    judgement = undefined;
    refused = undefined;
    show();
    busy(false);
  });
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => {
    drop.classList.remove('over');
  });
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    if (event.dataTransfer?.files.length !== 1) return;
    bundle.files = event.dataTransfer.files;
    form.dispatchEvent(new Event('change'));
    verify.focus();
  });
  languages.en.addEventListener('click', () => {
    words = EN;
    speak();
  });
  languages['zh-CN'].addEventListener('click', () => {
    words = ZH;
    speak();
  });
  addEventListener('beforeprint', () => {
    for (const details of result.querySelectorAll('details')) details.open = true;
  });
  byId('span', 'version').textContent = version;
  busy(false);
  speak();
}
