import type { BundleEntries } from '@holdfast/verify';
import { Refusal, judgeBundle } from './judge-bundle.js';
import type { Answer, Question } from './messages.js';
import { textOfRecord } from './record-text.js';

/** Answers questions one after the other; `tell` may be called several times for each. Never throws. */
export function serve(tell: (answer: Answer) => void): (question: Question) => Promise<void> {
  let opened: BundleEntries | undefined;
  return async (question) => {
    try {
      switch (question.kind) {
        case 'verify': {
          opened = undefined;
          const { zip, judgement } = await judgeBundle(question.chosen, tell);
          opened = zip;
          tell({ kind: 'judged', judgement });
          return;
        }
        case 'open': {
          const bytes = await opened?.read(question.entry);
          if (bytes !== undefined) tell({ kind: 'opened', entry: question.entry, text: textOfRecord(bytes) });
          return;
        }
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      tell(error instanceof Refusal ? { kind: 'refused', what: error.what, problem } : { kind: 'failed', problem });
    }
  };
}
