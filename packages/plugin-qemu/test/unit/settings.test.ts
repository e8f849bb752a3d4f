import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfiguration } from '../../../core/src/config/load-configuration.js';
import { readSettings } from '../../src/settings.js';
import { backendSettings } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

const directory = useTemporaryDirectory();

/** What is read with this environment, and with this text in vmctl.config.yaml. */
async function read(env: Readonly<Record<string, string>>, text?: string) {
  const cwd = directory.path;
  if (text !== undefined) await writeFile(join(cwd, 'vmctl.config.yaml'), text);
  const configuration = await loadConfiguration({ cwd, homeDir: cwd, env });
  return readSettings({ backendSettings: backendSettings({ configuration, env, cwd, homeDir: cwd }) });
}

describe('the settings of QEMU', () => {
  it('have defaults', async () => {
    const defaults = { binary: undefined, accelerator: undefined, diskCache: 'writeback', sandbox: true };
    await expect(read({})).resolves.toEqual(defaults);
    await expect(
      read({ VMCTL_QEMU: '', VMCTL_QEMU_ACCEL: '', VMCTL_QEMU_CACHE: '', VMCTL_QEMU_SANDBOX: '' }),
    ).resolves.toEqual(defaults);
  });

  it('are read from variables', async () => {
    await expect(
      read({
        VMCTL_QEMU: '/opt/qemu',
        VMCTL_QEMU_ACCEL: 'tcg',
        VMCTL_QEMU_CACHE: 'unsafe',
        VMCTL_QEMU_SANDBOX: 'off',
      }),
    ).resolves.toEqual({ binary: '/opt/qemu', accelerator: 'tcg', diskCache: 'unsafe', sandbox: false });
  });

  it('are read from a configuration, and a variable goes before it', async () => {
    const text =
      'backends:\n  qemu:\n    binary: ./build/qemu\n    accelerator: kvm\n    diskCache: none\n    sandbox: false\n';
    await expect(read({ VMCTL_QEMU_ACCEL: 'tcg' }, text)).resolves.toEqual({
      binary: join(directory.path, 'build/qemu'),
      accelerator: 'tcg',
      diskCache: 'none',
      sandbox: false,
    });
  });

  it('take a name for a program in PATH, and a path from where vmctl runs', async () => {
    await expect(read({ VMCTL_QEMU: 'qemu-git' })).resolves.toMatchObject({ binary: 'qemu-git' });
    await expect(read({ VMCTL_QEMU: 'build/qemu' })).resolves.toMatchObject({
      binary: join(directory.path, 'build/qemu'),
    });
  });

  it.each(['VMCTL_QEMU_ACCEL', 'VMCTL_QEMU_CACHE', 'VMCTL_QEMU_SANDBOX'])(
    'refuse a wrong %s',
    async (name) => {
      await expect(read({ [name]: 'hvf' })).rejects.toMatchObject({
        code: 'VMCTL_CONFIG_INVALID',
        message: expect.stringContaining(`${name} must be`),
      });
    },
  );

  it('refuse what there is not, and what is wrong, at its place', async () => {
    const text = 'backends:\n  qemu:\n    binray: x\n    diskCache: fast\n';
    await expect(read({}, text)).rejects.toMatchObject({
      code: 'VMCTL_CONFIG_INVALID',
      message: expect.stringMatching(
        /yaml:3:5: unknown setting "backends\.qemu\.binray"[^]*Did you mean "binary"\?[^]*yaml:4:16: "backends\.qemu\.diskCache" must be/,
      ),
    });
  });
});
