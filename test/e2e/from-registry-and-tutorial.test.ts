import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFile, readFile, realpath, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { PageSession, type PageStep, stepsOf } from '../support/followed-page.js';
import { guestImage } from '../support/guest-image.js';
import { installVmctl } from '../support/installed-vmctl.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { repositoryRoot, type VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Software emulation on two slow cores. */
const BOOT = 12 * MINUTE;

let registry: Registry;
let home: VmctlHome;
let session: PageSession;
let steps: PageStep[];

// What the page asks for before the reader begins, but for QEMU's plugin: vmctl from a registry, an account there, an image.
beforeAll(async () => {
  const image = await guestImage();
  steps = stepsOf(await readFile(join(repositoryRoot, 'docs/plugins/tutorial.md'), 'utf8'));
  registry = await startRegistry();
  await registry.publishWorkspace();
  home = await installVmctl(registry);
  await appendFile(join(home.root, '.npmrc'), registry.credentials);
  await symlink(image, join(home.project, 'debian-12.qcow2'));
  const path = [
    join(home.root, 'npm/bin'),
    join(repositoryRoot, 'node_modules/.bin'),
    home.env['PATH'] ?? '',
  ];
  session = new PageSession({
    directory: home.project,
    env: { ...home.env, PATH: path.join(delimiter) },
    timeoutMs: BOOT,
  });
}, 10 * MINUTE);

afterAll(async () => {
  await home?.remove();
  await registry?.stop();
}, MINUTE);

/** Whether a step removes the VM that the page has made. */
const isDestroy = (step: PageStep): boolean =>
  step.kind === 'command' && step.command.startsWith('vmctl destroy');

describe('vmctl from a registry, in an empty home', () => {
  it(
    'installs its plugins from there, and runs with nothing of the repository',
    async () => {
      const added = await home.vmctl(
        ...['plugins', 'install', '@vmctl/plugin-qemu', '@vmctl/plugin-provisioners'],
      );
      expect(added).toMatchObject({ code: 0, stderr: '' });
      const { plugins } = (await home.json('plugins', '--core')) as { plugins: { root: string }[] };
      const root = await realpath(home.root);
      for (const plugin of plugins) expect(await realpath(plugin.root)).toMatch(join(root, '/'));
    },
    5 * MINUTE,
  );
});

describe('the tutorial, followed to the letter', () => {
  it(
    'leads from nothing to a plugin that is installed from a registry',
    async () => {
      const end = steps.findIndex(isDestroy);
      expect(end).toBeGreaterThan(0);
      for (const step of steps.splice(0, end)) await session.follow(step);
      expect(await home.json('plugins', 'inspect', '@acme/vmctl-provisioner-motd')).toMatchObject({
        origin: 'installed',
        resolved: expect.stringContaining(registry.url),
      });
    },
    3 * BOOT,
  );

  it('has provisioned a real guest', async () => {
    expect(await home.vmctl('ssh', 'web', '--', 'cat /etc/motd; uname -s')).toMatchObject({
      code: 0,
      stdout: 'Provisioned by a published plugin.\nLinux\n',
    });
  });

  it('has left a guest that a plugin of vmctl itself provisions, too', async () => {
    await home.write(
      `vm "web" {
        image "debian-12.qcow2"
        memory 512
        cloud-init
        ssh { timeout 600 }
        provision "shell" name="mark" { inline "echo from-the-registry > mark" }
      }`,
    );
    expect(await home.vmctl('provision')).toMatchObject({ code: 0 });
    expect((await home.vmctl('ssh', 'web', '--', 'cat mark')).stdout).toBe('from-the-registry\n');
  });

  it('leaves no VM behind', async () => {
    for (const step of steps) await session.follow(step);
    expect(await home.json('list')).toEqual({ vms: [] });
  });
});
