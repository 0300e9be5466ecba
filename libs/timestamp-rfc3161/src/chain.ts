/** From the certificate of an authority up to one of the roots that the caller trusts. */
import type { Certificate } from './certificate.js';
import { TokenProblem } from './token-problem.js';

/** Real paths have two to four certificates. The limits keep a hostile token from making us search for ever. */
const MAX_PATH = 8;
const MAX_TRIES = 64;

/**
 * Finds a path from `signer` through certificates of the token (`others`, not trusted) to one of `roots`, where every certificate, the root
 * included, is valid at each of `times`. Revocation is not looked up: it would need the network, and a verifier years later
 * has none (`docs/timestamps.md` says what that means).
 * @throws TokenProblem
 */
export async function checkChain(
  signer: Certificate,
  others: readonly Certificate[],
  roots: readonly Certificate[],
  times: readonly Date[],
): Promise<void> {
  let tries = 0;
  /** The first reason met on a way to a root: nearer to the truth than those of blind alleys. */
  let reason: TokenProblem | undefined;

  const reaches = async (path: readonly [Certificate, ...Certificate[]]): Promise<boolean> => {
    const [top] = path;
    if (roots.some((root) => root.equals(top))) return true;
    if (path.length >= MAX_PATH) return false;
    const below = path.slice(0, -1).filter((certificate) => !certificate.isSelfIssued).length;
    for (const issuer of [...roots, ...others]) {
      if (!issuer.isNamedAsIssuerOf(top) || path.some((certificate) => certificate.equals(issuer))) continue;
      if (++tries > MAX_TRIES) throw new TokenProblem('the token carries too many certificates of the same name');
      try {
        for (const time of times) issuer.checkUse(time);
        issuer.checkIssues(below);
        await top.checkSignature(issuer);
      } catch (error) {
        if (!(error instanceof TokenProblem)) throw error;
        reason ??= error;
        continue;
      }
      if (await reaches([issuer, ...path])) return true;
    }
    return false;
  };

  for (const time of times) signer.checkUse(time);
  if (!(await reaches([signer]))) throw reason ?? new TokenProblem(`the certificate of ${signer.subject} does not lead to a configured root`);
}
