import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Registry } from './registry.js';
import { repositoryRoot, VmctlHome } from './vmctl-home.js';

/**
 * An empty home in which vmctl was installed as a user installs it, with `npm install -g`, from that registry. Nothing in
 * it is linked to this repository.
 */
export async function installVmctl(registry: Registry): Promise<VmctlHome> {
  const home = await VmctlHome.create({ executable: 'npm/bin/vmctl' });
  await writeFile(join(home.root, '.npmrc'), registry.npmrc);
  try {
    await promisify(execFile)(
      process.execPath,
      [
        join(repositoryRoot, 'node_modules/npm/bin/npm-cli.js'),
        ...[
          'install',
          '--global',
          `--prefix=${join(home.root, 'npm')}`,
          '--no-audit',
          '--no-fund',
          '@vmctl/core',
        ],
      ],
      { cwd: home.root, env: home.env },
    );
  } catch (error) {
    await rm(home.root, { recursive: true });
    throw error;
  }
  return home;
}
