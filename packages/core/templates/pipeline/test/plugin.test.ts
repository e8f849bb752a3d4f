import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createFakeHost } from '@vmctl/core/testing';
import plugin from '../src/plugin.js';

const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

describe('the plugin', () => {
  it('has the name and the API version of its package.json', () => {
    assert.equal(plugin.name, manifest.name);
    assert.equal(plugin.apiVersion, manifest.vmctl.apiVersion);
  });

  it('brings the nodes that its package.json names', async () => {
    const host = createFakeHost();
    await host.apply(plugin);
    for (const name of manifest.vmctl.contributes.vmNodes) {
      assert.equal((await host.vmNode(name)).name, name);
    }
  });
});
