import { createServer } from 'node:net';
import { expect, it } from '@jest/globals';
import { refuseOccupied } from './start.js';

it('a port that is in use is refused by name; a free one is not', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(refuseOccupied(port)).rejects.toMatchObject({ code: 'bad_configuration', message: expect.stringContaining(`Port ${port} is in use`) });
  await new Promise((resolve) => server.close(resolve));
  await expect(refuseOccupied(port)).resolves.toBeUndefined();
});
