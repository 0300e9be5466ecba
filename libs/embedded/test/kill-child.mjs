// Runs on the sources (Node strips the types) and kills itself for real just before the N-th step towards the disk.
import { registerHooks } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && specifier.endsWith('.js')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(fileURLToPath(source))) return next(source.href, context);
    }
    return next(specifier, context);
  },
});

const [, , base, killAt, what] = process.argv;
const { DirectoryClaimStore } = await import('../src/directory-claim-store.ts');
const { DirectoryObjectStore } = await import('../src/directory-object-store.ts');
let step = 0;
const hook = () => {
  step += 1;
  if (step === Number(killAt)) process.kill(process.pid, 'SIGKILL');
};
const lock = { mode: 'COMPLIANCE', retainUntil: new Date('2099-01-01T00:00:00Z') };
const body = Buffer.alloc(300_000, 'x');
if (what === 'claim') {
  const claims = await DirectoryClaimStore.open({ folder: `${base}/claims`, scratch: `${base}/run`, hook });
  await claims.create('chain/0', body.subarray(0, 4096));
} else {
  const store = await DirectoryObjectStore.open({ folder: `${base}/vault`, scratch: `${base}/run`, hook });
  const version = await store.put('chain/0/object', body, lock);
  if (what === 'hold') await store.setLegalHold('chain/0/object', version, true);
  store.close();
}
process.stdout.write(`survived ${String(step)}`);
