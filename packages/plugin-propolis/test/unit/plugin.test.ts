import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { createFakeHost } from '@vmctl/core/testing';
import plugin from '../../src/plugin.js';
import { stateFor } from '../../src/vm-lookup.js';

describe('the plugin', () => {
  it('is what its package says it is', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(plugin.name).toBe(manifest.name);
    expect(plugin.apiVersion).toBe(manifest.vmctl.apiVersion);
    expect(manifest.vmctl.contributes.hypervisors).toEqual({ propolis: { platforms: ['sunos'] } });
  });

  it('brings the backend "propolis", which says what it can do', async () => {
    const host = createFakeHost({ platform: 'sunos' });
    await host.apply(plugin);
    const backend = await host.hypervisor('propolis');
    expect(backend.name).toBe('propolis');
    expect(backend.supports).toEqual({
      suspend: false,
      snapshot: false,
      console: 'websocket',
      networks: ['vnic', 'none'],
      firmware: ['uefi'],
      imageFormats: ['qcow2', 'raw'],
      forwards: false,
      liveForwards: false,
      growDisk: true,
    });
  });
});

it.each([
  ['Creating', 'prepared'],
  ['Starting', 'preparing'],
  ['Running', 'running'],
  ['Rebooting', 'running'],
  ['Stopping', 'running'],
  ['Migrating', 'running'],
  ['Repairing', 'running'],
  ['Stopped', 'stopped'],
  ['Destroyed', 'stopped'],
  ['Failed', 'failed'],
] as const)('the state %s of propolis is %s', (state, name) => {
  expect(stateFor(state).name).toBe(name);
  // What is not plainly so is said in the server's word.
  if (name === 'running' && state !== 'Running') expect(stateFor(state).detail).toBe(state);
});
