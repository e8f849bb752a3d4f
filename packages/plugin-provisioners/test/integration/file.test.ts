import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GuestSession, VmctlEventBody } from '@vmctl/core/plugin';
import { login } from '../../../core/test/support/guest.js';
import { type Sshd, startSshd } from '../../../core/test/support/sshd.js';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import { outputOf, runStep } from '../support/run-step.js';

let sshd: Sshd;
let guest: GuestSession;

beforeAll(async () => {
  sshd = await startSshd();
  guest = await login(sshd);
});

afterAll(async () => {
  await guest.end();
  await sshd.stop();
});

describe('copying to a guest', () => {
  const directory = useTemporaryDirectory();
  const at = (...names: readonly string[]): string => join(directory.path, ...names);
  const copy = (
    source: string,
    destination: string,
    onEvent?: (event: VmctlEventBody) => void,
  ): Promise<void> =>
    runStep({
      guest,
      directory: directory.path,
      type: 'file',
      settings: `source "${source}"; destination "${destination}"`,
      ...(onEvent === undefined ? {} : { onEvent }),
    });

  beforeEach(async () => {
    await mkdir(at('site', 'css'), { recursive: true });
    await chmod(at('site'), 0o750);
    await writeFile(at('site', 'run.sh'), '#!/bin/sh\n');
    await chmod(at('site', 'run.sh'), 0o750);
    await writeFile(at('site', 'css', 'größe a.css'), 'b{}');
    await symlink('css/größe a.css', at('site', 'link'));
  });

  it('brings what is in a directory, with modes, links and names', async () => {
    await copy('site/', at('guest', 'www'));
    expect((await readdir(at('guest', 'www'), { recursive: true })).toSorted()).toEqual([
      'css',
      'css/größe a.css',
      'link',
      'run.sh',
    ]);
    expect((await stat(at('guest', 'www'))).mode & 0o7777).toBe(0o750);
    expect((await stat(at('guest', 'www', 'run.sh'))).mode & 0o7777).toBe(0o750);
    expect((await lstat(at('guest', 'www', 'link'))).isSymbolicLink()).toBe(true);
    expect(await readlink(at('guest', 'www', 'link'))).toBe('css/größe a.css');
    expect(await outputOf(directory.path)).toMatch(
      new RegExp(`^site -> ${at('guest', 'www')} \\(\\d+ bytes\\)\n$`),
    );
  });

  it('brings a file, as itself or into a directory, with its mode', async () => {
    await mkdir(at('guest'));
    await copy('site/run.sh', at('guest', 'start'));
    await copy('site/run.sh', at('guest'));
    await copy('site/run.sh', `${at('guest', 'new')}/`);
    for (const name of ['start', 'run.sh', 'new/run.sh']) {
      expect(await readFile(at('guest', name), 'utf8')).toBe('#!/bin/sh\n');
      expect((await stat(at('guest', name))).mode & 0o7777).toBe(0o750);
    }
  });

  it.each([
    ['a file', 'big'],
    ['a directory', '.'],
  ])('of %s says how far it is, of how much', async (_what, name) => {
    await mkdir(at('much', 'deep'), { recursive: true });
    for (const path of ['big', join('deep', 'too')]) {
      await writeFile(at('much', path), Buffer.alloc(3_000_000));
    }
    await symlink('big', at('much', 'link'));
    const size = name === '.' ? 6_000_000 : 3_000_000;
    const seen: VmctlEventBody[] = [];
    await copy(join('much', name), at('copy'), (event) => {
      if (event.type === 'progress') seen.push(event);
    });
    expect(seen.at(-1)).toMatchObject({ task: 'upload', done: size, total: size });
  });

  it('fails with the path and what the guest says', async () => {
    await writeFile(at('plain'), '');
    await expect(copy('site', join(at('plain'), 'www'))).rejects.toMatchObject({
      code: 'VMCTL_PROVISION_FAILED',
      message: expect.stringContaining(join(at('plain'), 'www')),
      details: { code: 'VMCTL_GUEST_TRANSFER_FAILED' },
    });
  });
});
