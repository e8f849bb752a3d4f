import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findQemu, parseVersion, readVersion } from '../../src/qemu-binary.js';
import { backendSettings, createPluginHost, makeError } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

describe('parseVersion', () => {
  it.each([
    [
      'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright',
      [7, 2, 22, 'Debian 1:7.2+dfsg-7+deb12u18+b3'],
    ],
    ['QEMU emulator version 9.1.0\nCopyright (c)', [9, 1, 0, '']],
    ['QEMU emulator version 10.0.50 (v10.0.0-1-gabc-dirty)', [10, 0, 50, 'v10.0.0-1-gabc-dirty']],
    ['QEMU emulator version 8.2', [8, 2, 0, '']],
  ])('reads %j', (text, [major, minor, micro, label]) => {
    expect(parseVersion(text)).toEqual({ major, minor, micro, package: label });
  });

  it('makes nothing of something else', () => {
    expect(parseVersion('GNU bash, version 5.2.15')).toBeUndefined();
  });
});

describe('findQemu', () => {
  const directory = useTemporaryDirectory();

  async function program(name: string, mode = 0o755): Promise<string> {
    const path = join(directory.path, name);
    await writeFile(path, '#!/bin/true\n');
    await chmod(path, mode);
    return path;
  }
  const find = (env: Record<string, string>) =>
    findQemu({ env, error: makeError, backendSettings: backendSettings({ env }) });

  it('takes the first one in PATH that can be run', async () => {
    await mkdir(join(directory.path, 'a'));
    await program('a/qemu-system-x86_64', 0o644);
    await mkdir(join(directory.path, 'b'));
    await mkdir(join(directory.path, 'b/qemu-system-x86_64'));
    const good = await program('qemu-system-x86_64');
    const PATH = [`${directory.path}/a`, `${directory.path}/b`, directory.path].join(':');
    expect((await find({ PATH })).path).toBe(good);
  });

  it('prefers what VMCTL_QEMU names, a path or a program in PATH', async () => {
    const own = await program('qemu-git');
    expect((await find({ VMCTL_QEMU: own })).path).toBe(own);
    expect((await find({ VMCTL_QEMU: 'qemu-git', PATH: directory.path })).path).toBe(own);
  });

  it('never takes another one than VMCTL_QEMU names', async () => {
    await program('qemu-system-x86_64');
    await expect(find({ VMCTL_QEMU: 'qemu-git', PATH: directory.path })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: expect.stringContaining('qemu-git'),
    });
  });

  it('tells a program from the one that replaced it', async () => {
    const path = await program('qemu-git');
    const before = await find({ VMCTL_QEMU: path });
    await writeFile(path, '#!/bin/false\n# another one\n');
    expect((await find({ VMCTL_QEMU: path })).fingerprint).not.toBe(before.fingerprint);
  });

  it('refuses a program that is no QEMU when its version is asked for', async () => {
    const host = createPluginHost(directory.path);
    const binary = { path: process.execPath, fingerprint: '' };
    await expect(readVersion(host, binary)).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  });
});
