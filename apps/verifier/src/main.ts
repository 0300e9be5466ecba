import './zod-settings.js';
import type { Answer, Question } from './judge/messages.js';
import { serve } from './judge/serve.js';
import { startPage } from './page/page.js';

/** Set by the build: version of the workspace. */
declare const HOLDFAST_VERSION: string;

// One script plays both parts, so that the page's policy names one hash and the worker cannot be another program.
if (typeof document === 'undefined') {
  const answer = serve((told: Answer) => {
    postMessage(told);
  });
  addEventListener('message', ({ data }: MessageEvent<Question>) => void answer(data));
} else {
  const script = document.currentScript?.textContent ?? '';
  startPage(script, HOLDFAST_VERSION);
}
