/** Why a token, a certificate or an answer is not accepted: one sentence for a person, never bytes of the input. */
export class TokenProblem extends Error {
  override readonly name = 'TokenProblem';
}

/** The sentence for a report. What is not a TokenProblem was thrown by a parser that met bytes nobody foresaw. */
export function problemText(error: unknown): string {
  return error instanceof TokenProblem ? error.message : 'the token cannot be read';
}
