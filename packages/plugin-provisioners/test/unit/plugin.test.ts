import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import { createHooks } from '../../../core/src/plugins/hooks.js';
import plugin from '../../src/plugin.js';

const root = join(import.meta.dirname, '../..');

describe('the plugin', () => {
  it('brings each type that its manifest promises', async () => {
    const { name, vmctl } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const hooks = createHooks();
    // It takes nothing else from the host.
    await plugin.apply({ hooks } as PluginHost);
    expect(plugin).toMatchObject({ name, apiVersion: vmctl.apiVersion });
    for (const type of vmctl.contributes.provisioners) {
      expect(await hooks.provisioner.for(type).promise({ type })).toMatchObject({ type });
    }
  });
});
