/** Looking whether a server answers. */

/**
 * @param {string} url
 * @returns {Promise<number | undefined>} the HTTP status, undefined while nobody listens
 */
export async function statusOf(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    // Refused or cut off: it is still starting, and will be asked again.
    return undefined;
  }
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} whether anything is answered; an S3 server refuses a request without signature
 */
export async function answers(url) {
  return (await statusOf(url)) !== undefined;
}
