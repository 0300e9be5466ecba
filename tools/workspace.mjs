// Facts that several files of the workspace must state alike: project references follow the dependencies of package.json,
// every project is part of the build and of Nx, and only libs/ and apps/ hold projects.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projects } from './layers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const TARGETS = ['build', 'typecheck', 'lint', 'test'];

/** One sentence for each disagreement. */
export function workspaceProblems() {
  const all = projects();
  const rootOf = new Map(all.map((project) => [project.name, project.root]));
  const built = new Set(read('tsconfig.json').references.map((/** @type {{ path: string }} */ { path }) => path));
  const problems = all.filter((project) => !built.has(project.root)).map((project) => `tsconfig.json: does not build ${project.root}`);
  for (const project of all) {
    const manifest = read(`${project.root}/package.json`);
    for (const target of TARGETS) if (!manifest.nx.targets?.[target]) problems.push(`${project.root}/package.json: nx.targets lacks ${target}`);
    const declared = Object.keys(manifest.dependencies ?? {}).flatMap((name) => rootOf.get(name) ?? []);
    const references = (read(`${project.root}/tsconfig.json`).references ?? []).map((/** @type {{ path: string }} */ { path }) =>
      path.replace('../../', ''),
    );
    for (const other of declared)
      if (!references.includes(other)) problems.push(`${project.root}/tsconfig.json: does not refer to ${other}, a dependency`);
    for (const other of references)
      if (!declared.includes(other)) problems.push(`${project.root}/tsconfig.json: refers to ${other}, which is no dependency`);
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = workspaceProblems();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
