import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { VmctlPlugin } from '../../../src/plugins/contract.js';
import { createUpContext } from '../../../src/testing/contexts.js';
import { createFakeHost } from '../../../src/testing/fake-host.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

function pluginOf(apply: VmctlPlugin['apply'], apiVersion = 1): VmctlPlugin {
  return { name: 'acme', apiVersion, apply };
}

describe('a fake host', () => {
  const directory = useTemporaryDirectory();

  it('gives what a plugin brings that was applied to it', async () => {
    const host = createFakeHost();
    const backend = new FakeHypervisor();
    await host.apply(
      pluginOf(({ hooks }) => {
        hooks.hypervisor.for('warp').tapPromise('acme', async () => backend);
        hooks.provisioner
          .for('nix')
          .tap('acme', ({ type }) => ({ type, decode: () => 1, run: async () => {} }));
        hooks.imageSource
          .for('oci')
          .tap('acme', () => ({ scheme: 'oci', open: () => Promise.reject(new Error()) }));
        hooks.vmNode.for('labels').tap('acme', ({ name }) => ({ name, decode: () => [] }));
      }),
    );
    expect(await host.hypervisor('warp')).toBe(backend);
    expect(await host.provisioner('nix')).toMatchObject({ type: 'nix' });
    expect(await host.imageSource('oci')).toMatchObject({ scheme: 'oci' });
    expect(await host.vmNode('labels')).toMatchObject({ name: 'labels' });
    await expect(host.provisioner('apk')).rejects.toMatchObject({
      code: 'FAKE_NOT_TAPPED',
      message: 'No plugin that was applied brings the provisioner "apk".',
    });
  });

  it('attributes the errors of taps as vmctl does', async () => {
    const host = createFakeHost();
    await host.apply(
      pluginOf(({ hooks }) => {
        hooks.up.ready.tapPromise('acme', () => Promise.reject(new Error('boom')));
      }),
    );
    await expect(host.hooks.up.ready.promise(createUpContext())).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_FAILED',
      message: 'The plugin acme failed in the hook vmctl.up.ready: boom',
    });
  });

  it('refuses a plugin of another API, and passes on what apply throws', async () => {
    const host = createFakeHost();
    await expect(host.apply(pluginOf(() => {}, 7))).rejects.toMatchObject({ code: 'FAKE_PLUGIN_API' });
    const error = new Error('no');
    await expect(host.apply(pluginOf(() => Promise.reject(error)))).rejects.toBe(error);
  });

  it('runs no host command, but records all and answers those that are scripted', async () => {
    const host = createFakeHost();
    host.commands.on('warp', { stdout: '1.0\n' }).on(/--bad/, { exitCode: 2, stderr: 'bad flag' });
    expect(await host.exec('warp', ['--version'])).toEqual({ exitCode: 0, stdout: '1.0\n', stderr: '' });
    await expect(host.exec('warp', ['--bad'])).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
    expect(await host.exec('warp', ['--bad'], { allowFailure: true })).toMatchObject({ exitCode: 2 });
    await expect(host.exec('warpdrive', [])).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_MISSING' });
    expect(host.commands.commands.map(({ line }) => line)).toEqual([
      'warp --version',
      'warp --bad',
      'warp --bad',
      'warpdrive',
    ]);
  });

  it('streams what a scripted command prints to whoever listens', async () => {
    const host = createFakeHost();
    host.commands.on('warp', { stdout: 'out', stderr: 'err' });
    const heard: string[] = [];
    await host.exec('warp', [], {
      onStdout: (chunk) => void heard.push(`1 ${Buffer.from(chunk).toString()}`),
      onStderr: (chunk) => void heard.push(`2 ${Buffer.from(chunk).toString()}`),
    });
    expect(heard).toEqual(['1 out', '2 err']);
  });

  it('has real files and ports, below a directory of the test', async () => {
    const host = createFakeHost({ directory: directory.path, env: { ACME: '1' }, platform: 'sunos' });
    expect([host.env, host.platform, host.paths.homeDir]).toEqual([{ ACME: '1' }, 'sunos', directory.path]);
    const path = join(host.paths.homeDir, 'note');
    await host.files.writeAtomic(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect(await host.ports.free()).toBeGreaterThan(0);
    expect(host.error('ACME_NO', { message: 'no', hint: 'yes' })).toMatchObject({
      code: 'ACME_NO',
      hint: 'yes',
    });
  });

  it('gives a backend its settings, and refuses what it does not know, as vmctl does', async () => {
    const declared = {
      binary: { type: 'program', variable: 'ACME', description: 'The program.' },
      level: { type: 'integer', least: 0, most: 9, default: 3, description: 'How much of it.' },
    } as const;
    const host = createFakeHost({
      directory: '/acme',
      env: { ACME: '' },
      backends: { acme: { binary: './x' } },
    });
    await expect(host.backendSettings('acme', declared)()).resolves.toEqual({ binary: '/acme/x', level: 3 });
    const wrong = createFakeHost({ backends: { acme: { levle: 1, binary: 7 } } });
    await expect(wrong.backendSettings('acme', declared)()).rejects.toMatchObject({
      code: 'VMCTL_CONFIG_INVALID',
      details: {
        problems: [
          { key: 'backends.acme.levle', hint: 'Did you mean "level"?' },
          { key: 'backends.acme.binary', message: expect.stringContaining('not 7') },
        ],
      },
    });
  });
});
