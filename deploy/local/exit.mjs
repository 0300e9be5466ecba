/** Servers die with the runner that started them, however it ends. */
import { signalAll } from './process.mjs';
import { abandonRuns } from './run.mjs';

/** @typedef {() => import('./process.mjs').ProcessId[]} Listing */

/** @type {Set<Listing>} */
const listings = new Set();

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Nothing can be waited for while a process exits, hence SIGKILL: what these servers hold is test data.
 * (A runner that is itself killed with SIGKILL leaves its servers; the next start in that folder finds and stops them.)
 */
function killListed() {
  abandonRuns();
  for (const list of listings) signalAll(list(), 'SIGKILL');
  listings.clear();
}

/** @param {NodeJS.Signals} signal */
function onSignal(signal) {
  // Somebody else listens too and decides when to end; the exit event comes to us then.
  if (process.listenerCount(signal) > 1) return;
  killListed();
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}

/**
 * @param {Listing} list
 * @returns {() => void} ends the watch
 */
export function killAtExit(list) {
  if (listings.size === 0) {
    process.on('exit', killListed);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  listings.add(list);
  return () => {
    listings.delete(list);
    if (listings.size > 0) return;
    process.removeListener('exit', killListed);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
