// Small tools of the benchmarks: time, processor time and memory of a piece of work. Figures, never assertions.
import { cpus, totalmem } from 'node:os';

/** @typedef {Record<string, number | string>} Line a figure by what it is; `name` says of what work */

/**
 * Runs `work` and answers seconds of wall clock and of processor (all threads of this process).
 * @template T
 * @param {() => T | Promise<T>} work
 */
export async function measure(work) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  return { result, seconds, cpuSeconds: (used.user + used.system) / 1e6 };
}

/**
 * One line of the report: rate by wall clock and by core, processor seconds per million records.
 * @param {string} name
 * @param {number} records
 * @param {{ seconds: number, cpuSeconds: number }} measured
 * @param {Record<string, number | string>} extra
 * @returns {Line}
 */
export function rate(name, records, { seconds, cpuSeconds }, extra = {}) {
  return {
    name,
    records,
    'records/s': Math.round(records / seconds),
    'records/s per core': Math.round(records / cpuSeconds),
    'CPU s per million': Number(((cpuSeconds / records) * 1e6).toFixed(2)),
    ...extra,
  };
}

export function hardware() {
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

export function residentMiB() {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
