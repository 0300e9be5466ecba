import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS, lockFolder, openEmbedded } from '@holdfast/assembly';
import { HoldfastError } from '@holdfast/record';
import { refuseOccupied, start } from './start.js';

it('a port that is in use is refused by name; a free one is not', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(refuseOccupied(port, '127.0.0.1')).rejects.toMatchObject({
    code: 'bad_configuration',
    message: expect.stringContaining(`Port ${port} is in use`),
  });
  // HOLDFAST_HTTP_HOST names the address that counts.
  await expect(refuseOccupied(port, '127.0.0.2')).resolves.toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  await expect(refuseOccupied(port, '127.0.0.1')).resolves.toBeUndefined();
});

it('a folder that is started already is refused in one sentence, and nothing is started', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-start-'));
  await (await openEmbedded(folder, EMBEDDED_DEFAULTS)).close();
  const lock = lockFolder(folder, 'start', 'nobody else');
  // Other tests take ports meanwhile: a pair that is free is looked for until the folder itself is what is refused.
  let refusal: unknown;
  for (let tries = 0; tries < 50; tries++) {
    refusal = await start({ data: folder, port: await freePort(), environment: process.env }).catch((error: unknown) => error);
    if (!(refusal instanceof HoldfastError) || refusal.code !== 'bad_configuration') break;
  }
  expect(refusal).toMatchObject({ code: 'bad_request', message: expect.stringContaining('is already started') });
  lock.release();
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const address = free.address();
  await new Promise((resolve) => free.close(resolve));
  // The next one is needed too.
  return typeof address === 'object' && address !== null ? Math.min(address.port, 65_534) : 0;
}
