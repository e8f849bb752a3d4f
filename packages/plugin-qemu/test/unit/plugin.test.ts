import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import plugin from '../../src/plugin.js';
import { createPluginHost } from '../support/plugin-host.js';

describe('the plugin', () => {
  it('is what its package says it is', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(plugin.name).toBe(manifest.name);
    expect(plugin.apiVersion).toBe(manifest.vmctl.apiVersion);
    expect(manifest.vmctl.contributes.hypervisors).toEqual({ qemu: { platforms: ['linux'] } });
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it('brings the backend "qemu", and no other', async () => {
    const host = createPluginHost('/nowhere');
    await plugin.apply(host);
    const backend = await host.hooks.hypervisor.for('qemu').promise({ name: 'qemu' });
    expect(backend.name).toBe('qemu');
    expect(backend.supports).toEqual({
      suspend: true,
      snapshot: false,
      console: 'unix-socket',
      networks: ['user', 'tap', 'none'],
      firmware: ['bios', 'uefi'],
      imageFormats: ['qcow2', 'raw'],
      forwards: true,
      liveForwards: true,
      growDisk: true,
    });
    expect(host.hooks.hypervisor.get('propolis')).toBeUndefined();
  });
});
