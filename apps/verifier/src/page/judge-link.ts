import type { Answer, Question } from '../judge/messages.js';
import { serve } from '../judge/serve.js';

/**
 * The judge, in a worker made of this page's own script, so that the page stays usable; where a browser makes no worker of a
 * local file it runs in the page.
 */
export function linkToJudge(script: string, onAnswer: (answer: Answer) => void): (question: Question) => void {
  const inPage = (): ((question: Question) => void) => {
    const answer = serve(onAnswer);
    return (question) => void answer(question);
  };
  let worker: Worker;
  try {
    worker = new Worker(workerAddress(script));
  } catch {
    // A browser that refuses says so here; one that fails to load it fires `error`.
    return inPage();
  }
  let ask = (question: Question): void => worker.postMessage(question);
  const asked: Question[] = [];
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    onAnswer(data);
  });
  worker.addEventListener(
    'error',
    () => {
      // Faults of the judge come as answers, so this is the worker that did not start: what was asked is asked again here.
      worker.terminate();
      ask = inPage();
      for (const question of asked) ask(question);
    },
    { once: true },
  );
  return (question) => {
    if (question.kind === 'verify') asked.splice(0);
    asked.push(question);
    ask(question);
  };
}

/** What the page's policy lets through: an address, made here of our own script. */
interface TrustedTypes {
  createPolicy(name: 'worker', rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

function workerAddress(script: string): string {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  // Not in every browser, and not yet in the types of a document. What comes back is an object that a worker takes for a string.
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  return trustedTypes === undefined ? url : trustedTypes.createPolicy('worker', { createScriptURL: (made) => made }).createScriptURL(url);
}
