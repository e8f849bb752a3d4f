import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFakeHost } from '@vmctl/core/testing';
import { findBootrom, findServer } from '../../src/programs.js';
import { readSettings } from '../../src/settings.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the boot ROM', () => {
  async function find(bytes: number | undefined): Promise<string> {
    const path = join(root, 'OVMF_CODE.fd');
    if (bytes !== undefined) await writeFile(path, Buffer.alloc(bytes));
    const host = createFakeHost({ env: { VMCTL_PROPOLIS_BOOTROM: path } });
    return findBootrom(host, await readSettings(host));
  }

  it.each([4096, 2 * 1024 * 1024])('can have %i bytes', async (bytes) => {
    expect(await find(bytes)).toBe(join(root, 'OVMF_CODE.fd'));
  });

  it.each([
    [undefined, 'There is no boot ROM'],
    [0, 'it is empty'],
    [2 * 1024 * 1024 + 4096, 'takes at most 2097152 (2 MiB)'],
    [5000, 'not a multiple of 4096'],
  ])('cannot have %s bytes: %s', async (bytes, why) => {
    await expect(find(bytes)).rejects.toMatchObject({
      code: 'VMCTL_PROPOLIS_BOOTROM_UNUSABLE',
      message: expect.stringContaining(why),
      hint: expect.stringContaining('VMCTL_PROPOLIS_BOOTROM'),
    });
  });

  it('is looked for where packages put it, and all of the places are named', async () => {
    const host = createFakeHost();
    const settings = await readSettings(host);
    const paths = [join(root, 'a.fd'), join(root, 'b.fd')];
    await expect(findBootrom(host, settings, paths)).rejects.toMatchObject({
      message: expect.stringContaining(paths.join(', ')),
    });
    await writeFile(join(root, 'b.fd'), Buffer.alloc(4096));
    expect(await findBootrom(host, settings, paths)).toBe(join(root, 'b.fd'));
  });
});

describe('propolis-server', () => {
  it('is found in PATH, when it can be run', async () => {
    const host = createFakeHost({ env: { PATH: `/nowhere:${root}/other:${root}` } });
    // A directory may be entered, which is no reason to run it.
    await mkdir(join(root, 'other', 'propolis-server'), { recursive: true });
    const path = join(root, 'propolis-server');
    await writeFile(path, '#!/bin/sh\n', { mode: 0o644 });
    await expect(findServer(host, await readSettings(host))).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
    });
    await chmod(path, 0o755);
    expect(await findServer(host, await readSettings(host))).toBe(path);
  });

  it('is the one that is said, and no other', async () => {
    const host = createFakeHost({ env: { PATH: root, VMCTL_PROPOLIS_SERVER: join(root, 'mine') } });
    await writeFile(join(root, 'propolis-server'), '#!/bin/sh\n', { mode: 0o755 });
    await expect(findServer(host, await readSettings(host))).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: expect.stringContaining('mine'),
    });
  });
});

describe('the settings', () => {
  it('have defaults, and come from the environment', async () => {
    expect(await readSettings(createFakeHost())).toEqual({
      dataset: 'rpool/vmctl',
      link: undefined,
      bootrom: undefined,
      server: undefined,
      leases: undefined,
    });
    const env = { VMCTL_PROPOLIS_DATASET: 'tank/vms/alice', VMCTL_PROPOLIS_LINK: 'stub0' };
    expect(await readSettings(createFakeHost({ env }))).toMatchObject({
      dataset: 'tank/vms/alice',
      link: 'stub0',
    });
  });

  it.each([
    'rpool',
    '/rpool/vmctl',
    'rpool/',
    'rpool/my vms',
    'rpool/a@b',
    '1pool/a',
    `rpool/${'a'.repeat(128)}`,
  ])('refuse to take "%s" for the dataset of vmctl', async (dataset) => {
    const host = createFakeHost({ env: { VMCTL_PROPOLIS_DATASET: dataset } });
    await expect(readSettings(host)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_DATASET_INVALID' });
  });
});
