/** Languages of the texts of the verifier. */
export type Language = 'en' | 'zh-CN';

/** The language of the user, as his environment names it (POSIX: LC_ALL before LC_MESSAGES before LANG). */
export function languageOf(environment: NodeJS.ProcessEnv): Language {
  const [name = ''] = ['LC_ALL', 'LC_MESSAGES', 'LANG']
    .map((variable) => environment[variable])
    .filter((value) => value !== undefined && value !== '');
  return /^zh/i.test(name) ? 'zh-CN' : 'en';
}

/** A sentence in that language. */
export function inLanguage({ en, zh }: { readonly en: string; readonly zh: string }, language: Language): string {
  return language === 'en' ? en : zh;
}
