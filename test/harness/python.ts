import { spawnSync } from 'node:child_process';
import type { Needs } from '@holdfast/test-kit';

/** HOLDFAST_PYTHON, or the python3 of this machine when it is new enough; programs in test/vectors/reader need no packages. */
function findPython(): string | undefined {
  const given = process.env['HOLDFAST_PYTHON'] ?? '';
  if (given !== '') return given;
  const probe = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
  return probe.status === 0 ? 'python3' : undefined;
}

const found = findPython();
if (found !== undefined) process.env['HOLDFAST_PYTHON'] = found;

/** For `describeWith`: `needed('HOLDFAST_PYTHON')` is the program. */
export const NEEDS_PYTHON: Needs = { env: ['HOLDFAST_PYTHON'] };
