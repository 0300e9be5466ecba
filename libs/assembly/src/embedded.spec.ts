import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EMBEDDED_DEFAULTS } from './archive-folder.js';
import { openEmbedded } from './embedded.js';

describe('an embedded archive', () => {
  let parent = '';
  let folder = '';
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-embedded-'));
    folder = join(parent, 'archive');
    await (await openEmbedded(folder, EMBEDDED_DEFAULTS)).close();
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('is the same wherever its folder goes', async () => {
    const opened = await openEmbedded(folder);
    await opened.close();
    await rename(folder, join(parent, 'moved'));
    const moved = await openEmbedded(join(parent, 'moved'));
    expect([moved.archive.idHex, moved.created]).toEqual([opened.archive.idHex, false]);
    await moved.close();
  });

  it('gets no new keys when its own are gone: they are asked for, and taken up when they are back', async () => {
    const keys = join(folder, 'keys');
    await rename(keys, join(parent, 'away'));
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(openEmbedded(folder)).rejects.toMatchObject({
        code: 'bad_configuration',
        message: expect.stringContaining('bring that folder back'),
      });
    await rename(join(parent, 'away'), keys);
    await (await openEmbedded(folder)).close();
  });

  it('is not made where nothing can be written: one sentence, and what to do', async () => {
    const nowhere = join(parent, 'link');
    await symlink(join(parent, 'absent'), nowhere);
    await expect(openEmbedded(nowhere, EMBEDDED_DEFAULTS)).rejects.toMatchObject({
      code: 'bad_configuration',
      message: expect.stringContaining('No archive can be made in'),
    });
  });

  it('of a newer release says so; a damaged one asks for a copy', async () => {
    const file = join(folder, 'holdfast.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('folder/1', 'folder/2'));
    await expect(openEmbedded(folder)).rejects.toThrow(/another release \(format "holdfast\.archive-folder\/2"\)/);
    await writeFile(file, text.slice(0, 30));
    await expect(openEmbedded(folder)).rejects.toThrow('restore it from a copy');
  });
});
