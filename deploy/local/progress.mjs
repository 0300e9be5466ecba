/** One line on stderr for everything that takes longer than a person likes to look at nothing. */
const QUIET_MS = 2_000;
const REPEAT_MS = 15_000;

/** @typedef {(line: string) => void} Say */

/** @type {Say} */
export const sayOnStderr = (line) => void process.stderr.write(`${line}\n`);

/**
 * Says nothing about work that ends within two seconds; else what is going on, again from time to time, and how long it took.
 * @template T
 * @param {Say} say
 * @param {string} what
 * @param {() => Promise<T>} work
 * @param {() => string} [detail] how far it is
 * @returns {Promise<T>}
 */
export async function step(say, what, work, detail = () => '') {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  let spoken = false;
  const speak = () => {
    const far = detail();
    say(spoken ? `${what} … ${far ? `${far}, ` : ''}${seconds()}` : `${what} …`);
    spoken = true;
    timer = setTimeout(speak, REPEAT_MS);
  };
  let timer = setTimeout(speak, QUIET_MS);
  try {
    const result = await work();
    if (spoken) say(`${what}: done in ${seconds()}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}
