// Runs on the sources (Node strips the types) and kills itself for real just before the N-th step towards the disk.
import { registerHooks } from 'node:module';
import { existsSync, readFileSync, writeSync } from 'node:fs';
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

const [, , path, killAt, vkey, request] = process.argv;
const { nodeCrypto: crypto } = await import('@holdfast/crypto-node');
const { parseVkey } = await import('@holdfast/tlog');
const { CosigningWitness, WitnessFolder } = await import('../src/index.ts');
let step = 0;
const hook = () => {
  step += 1;
  if (step === Number(killAt)) process.kill(process.pid, 'SIGKILL');
};
const folder = await WitnessFolder.open(path, { crypto, name: 'witness.example/w', hook });
const clock = { now: () => new Date() };
const witness = new CosigningWitness({ crypto, clock, folder, logs: [parseVkey(crypto, vkey)], report: () => undefined });
const { status } = await witness.addCheckpoint(readFileSync(request));
writeSync(1, String(status));
