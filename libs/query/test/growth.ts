/**
 * How much longer `work` takes on sixteen times the input: 16 for linear work, 256 for quadratic. A ratio of the thread's
 * processor time, so that slow machines and busy ones give the same answer; the shortest of three runs counts.
 */
export function growth(part: string, count: number, work: (text: string) => void): number {
  const cost = (times: number): number => {
    const text = part.repeat(times);
    const runs = [0, 1, 2].map(() => {
      const start = process.threadCpuUsage();
      work(text);
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1000;
    });
    return Math.max(Math.min(...runs), 0.5);
  };
  const small = cost(count);
  return cost(count * 16) / small;
}

/** Between the two, with room for noise. */
export const LINEAR = 100;
