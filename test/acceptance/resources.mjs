// Loaded into a program of the product (node --import): says at its end what it used, in the file RESOURCES_FILE.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: Math.round(maxRSS / 1024) };
  const file = process.env['RESOURCES_FILE'];
  if (file !== undefined) writeFileSync(file, JSON.stringify(used));
});
