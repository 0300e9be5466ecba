import type { IndexFailure } from '@holdfast/ports';
import type { Bilingual } from '@holdfast/query';

/** What is known of the index that a result came from. */
export type IndexState =
  { readonly state: 'ok' } | { readonly state: 'failed'; readonly since: string; readonly findings: number; readonly message: Bilingual };

/** Said with every result while it lasts. What is shown comes from the vault and is checked; what is not shown is the doubt. */
export function indexState(failure: IndexFailure | undefined): IndexState {
  if (failure === undefined) return { state: 'ok' };
  const { since, findings } = failure;
  return {
    state: 'failed',
    since,
    findings,
    message: {
      en: `The search index has been known since ${since} to differ from the vault (${findings} findings): what is shown is genuine, but results may be missing or may not match, until the index is rebuilt.`,
      zh: `自 ${since} 起已知搜索索引与保管库不一致（${findings} 项发现）：所显示的内容真实无误，但在重建索引之前，结果可能有遗漏，也可能并不符合查询。`,
    },
  };
}
