import { describe, expect, it } from '@jest/globals';
import { Config } from '@oclif/core';
import { join } from 'node:path';
import { pluginsDirectory } from '../../../src/cli/plugins-directory.js';

const root = join(import.meta.dirname, '../../..');

/** Where oclif itself has its data with these variables. */
async function dataDirOf(env: Readonly<Record<string, string>>): Promise<string> {
  const names = ['VMCTL_DATA_DIR', 'XDG_DATA_HOME', 'HOME'];
  const before = names.map((name) => [name, process.env[name]] as const);
  try {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, env);
    return (await Config.load({ root, userPlugins: false, devPlugins: false })).dataDir;
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

describe('the directory of installed plugins', () => {
  it.each([
    [{ HOME: '/home/vm' }, '/home/vm/.local/share/vmctl/plugins'],
    [{ HOME: '/home/vm', XDG_DATA_HOME: '/data' }, '/data/vmctl/plugins'],
    [{ HOME: '/home/vm', XDG_DATA_HOME: '' }, '/home/vm/.local/share/vmctl/plugins'],
  ])('is the one that oclif has for %j', async (env, expected) => {
    expect(pluginsDirectory(env)).toBe(expected);
    expect(await dataDirOf(env)).toBe(expected);
  });

  it.each([
    [{ HOME: '/home/vm', VMCTL_DATA_DIR: '~/mine' }, '/home/vm/mine/plugins'],
    [{ HOME: '/home/vm', XDG_DATA_HOME: 'relative' }, '/home/vm/.local/share/vmctl/plugins'],
  ])('is where VMs and images are for %j as well', (env, expected) => {
    expect(pluginsDirectory(env)).toBe(expected);
  });

  it('is in the directory of VMs and images where VMCTL_DATA_DIR names that', () => {
    expect(pluginsDirectory({ HOME: '/home/vm', XDG_DATA_HOME: '/data', VMCTL_DATA_DIR: '/mine' })).toBe(
      '/mine/plugins',
    );
  });
});
