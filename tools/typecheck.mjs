// Checks the types of one project with its specs, for `npx nx typecheck NAME`. (`npm run check` checks all projects in
// one program, which is faster than twenty.)
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = process.argv[2];
if (project === undefined) throw new Error('usage: typecheck.mjs PROJECT_FOLDER');

const folder = join(root, 'node_modules', '.cache', 'typecheck');
const config = join(folder, `${project.replaceAll('/', '-')}.json`);
mkdirSync(folder, { recursive: true });
const files = ['src', 'test'].map((part) => join(root, project, part, '**/*.ts'));
writeFileSync(
  config,
  JSON.stringify({ extends: join(root, 'tsconfig.spec.json'), compilerOptions: { incremental: false, rootDir: root }, include: files }),
);
const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
const { status, error } = spawnSync(process.execPath, [tsc, '-p', config], { cwd: root, stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? 2;
