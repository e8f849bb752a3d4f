import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { guestImage } from '../support/guest-image.js';
import { installVmctl } from '../support/installed-vmctl.js';
import { type Registry, startRegistry } from '../support/registry.js';
import type { VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Software emulation on two slow cores, after everything was downloaded. */
const BOOT = 8 * MINUTE;

describe('vmctl and its plugins from a registry, in an empty home', () => {
  let registry: Registry;
  let home: VmctlHome;
  let image: string;

  beforeAll(async () => {
    image = await guestImage();
    registry = await startRegistry();
    await registry.publishWorkspace();
    home = await installVmctl(registry);
  }, BOOT);

  afterAll(async () => {
    await home?.remove();
    await registry?.stop();
  }, MINUTE);

  it(
    'bring up a real guest and provision it, with nothing of the repository',
    async () => {
      const added = await home.vmctl(
        ...['plugins', 'install', '@vmctl/plugin-qemu', '@vmctl/plugin-provisioners'],
      );
      expect(added).toMatchObject({ code: 0, stderr: '' });
      const { plugins } = (await home.json('plugins', '--core')) as { plugins: { root: string }[] };
      const root = await realpath(home.root);
      for (const plugin of plugins) expect(await realpath(plugin.root)).toMatch(join(root, '/'));

      await home.write(`
        vm "web" {
            image "${image}"
            cloud-init
            ssh { timeout 400 }
            provision "shell" name="mark" { inline "echo from-the-registry > mark" }
        }
      `);
      const up = await home.vmctl('up');
      expect(up).toMatchObject({ code: 0 });
      expect(up.stdout).toMatch(/✓ web is up and provisioned in /);
      expect((await home.vmctl('ssh', 'web', '--', 'cat mark')).stdout).toBe('from-the-registry\n');
    },
    BOOT,
  );
});
