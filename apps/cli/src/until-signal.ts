/** Ctrl-C lets what is under way come to its end, after `onStop` has said so; the second one ends the process. */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>, onStop: () => void = () => undefined): Promise<T> {
  const stop = new AbortController();
  const onSignal = (): void => {
    onStop();
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await work(stop.signal);
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}
