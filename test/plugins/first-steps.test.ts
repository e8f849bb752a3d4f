import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { installVmctl } from '../support/installed-vmctl.js';
import { writePluginPackage } from '../support/plugin-package.js';
import { type Registry, startRegistry } from '../support/registry.js';
import type { VmctlHome } from '../support/vmctl-home.js';

const acme = '@acme/vmctl-provisioner-hello';

/** What `plugins --json` says. */
interface Listing {
  readonly plugins: readonly {
    readonly name: string;
    readonly version: string;
    readonly origin: string;
    readonly root: string;
  }[];
}

/** What `doctor --json` says. */
interface Diagnosis {
  readonly findings: readonly { readonly id: string; readonly status: string }[];
  readonly repairs?: readonly unknown[];
}

describe('vmctl from a registry, in an empty home', () => {
  let registry: Registry;
  let home: VmctlHome;

  beforeAll(async () => {
    registry = await startRegistry();
    await registry.publishWorkspace();
    home = await installVmctl(registry);
  }, 300_000);

  afterAll(async () => {
    await home?.remove();
    await registry?.stop();
  });

  const plugins = async (): Promise<Listing['plugins']> => {
    const { plugins: all } = (await home.json('plugins')) as Listing;
    return all;
  };
  /** `name version origin`, sorted by name. */
  const summary = async () =>
    (await plugins()).map(({ name, version, origin }) => `${name} ${version} ${origin}`);
  const publishAcme = async (version: string): Promise<void> => {
    await registry.publish(
      await writePluginPackage({
        name: acme,
        version,
        directory: join(home.root, 'acme', version),
        // A required peer, which npm would install; a careful author makes it optional.
        fields: { peerDependencies: { '@vmctl/core': '*' } },
      }),
    );
  };

  it('has no plugins, and says what to do', async () => {
    const { stdout, code } = await home.vmctl('plugins');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^No plugins\. `vmctl doctor`/);
  });

  it('installs plugins by name, says what they bring and how to remove them', async () => {
    const { stdout, stderr, code } = await home.vmctl(
      ...['plugins', 'install', '@vmctl/plugin-qemu', '@vmctl/plugin-provisioners'],
    );
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^@vmctl\/plugin-qemu \d\S*: backend qemu \(default on linux\)$/),
      expect.stringMatching(/^@vmctl\/plugin-provisioners \d\S*: provisioners shell, file$/),
      'To remove them: vmctl plugins uninstall @vmctl/plugin-qemu @vmctl/plugin-provisioners',
      '',
    ]);
  });

  it("installs somebody else's plugin beside them", async () => {
    await publishAcme('1.0.0');
    const { stdout, code } = await home.vmctl('plugins', 'add', acme);
    expect(code).toBe(0);
    expect(stdout).toContain(`${acme} 1.0.0: provisioner hello\n`);
  });

  it('lists them all, with where they are from and what they bring', async () => {
    const { stdout } = await home.vmctl('plugins');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]?.split(/ {2,}/)).toEqual(['NAME', 'VERSION', 'ORIGIN', 'BRINGS']);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
      [acme, '1.0.0', 'installed', 'provisioner hello'],
      ['@vmctl/plugin-provisioners', expect.any(String), 'installed', 'provisioners shell, file'],
      ['@vmctl/plugin-qemu', expect.any(String), 'installed', 'backend qemu (default on linux)'],
    ]);
    expect((await home.vmctl('plugins', 'list')).stdout).toBe(stdout);
  });

  it('lists its own parts only when it is asked to', async () => {
    const { stdout } = await home.vmctl('plugins', '--core');
    expect(stdout).toContain('@vmctl/core');
    expect((await home.vmctl('plugins')).stdout).not.toContain('@vmctl/core');
  });

  it('puts no second core beside the plugins, even for one that asks for it', async () => {
    const data = join(home.dataDir, 'plugins');
    const files = await readdir(data, { recursive: true });
    expect(files.filter((path) => path.endsWith('plugin-qemu/dist/plugin.js'))).toHaveLength(1);
    expect(files.filter((path) => path.includes('@vmctl/core/dist') || path.includes('@oclif/core'))).toEqual(
      [],
    );
  });

  it('uses nothing of the workspace: every plugin is below the home', async () => {
    for (const { root } of await plugins()) {
      expect(await realpath(root)).toMatch(new RegExp(`^${await realpath(home.root)}/`));
    }
  });

  it('loads each of them', async () => {
    const { findings } = (await home.json('doctor')) as { findings: { id: string; status: string }[] };
    expect(findings.filter(({ id }) => id.startsWith('plugin:'))).toEqual(
      [acme, '@vmctl/plugin-provisioners', '@vmctl/plugin-qemu'].map((name) =>
        expect.objectContaining({ id: `plugin:${name}`, status: 'ok' }),
      ),
    );
  });

  it('inspects one: contributions, files with sizes, integrity and where it came from', async () => {
    const details = await home.json('plugins', 'inspect', acme);
    expect(details).toMatchObject({
      name: acme,
      version: '1.0.0',
      origin: 'installed',
      from: `${acme}@latest`,
      apiVersion: 1,
      entry: './plugin.js',
      contributes: { provisioners: ['hello'] },
      resolved: expect.stringContaining(registry.url),
      integrity: expect.stringMatching(/^sha512-/),
      files: [
        { path: 'package.json', bytes: expect.any(Number) },
        { path: 'plugin.js', bytes: expect.any(Number) },
      ],
    });
    const { stdout } = await home.vmctl('plugins', 'inspect', acme);
    expect(stdout).toMatch(/integrity +sha512-/);
    expect(stdout).toMatch(/plugin API +1\n/);
  });

  it('is up to date while nothing new is published', async () => {
    const { stdout } = await home.vmctl('plugins', 'update');
    expect(stdout.trimEnd().split('\n')).toEqual(
      expect.arrayContaining([
        `${acme} 1.0.0: up to date`,
        expect.stringMatching(/plugin-qemu \S+: up to date$/),
      ]),
    );
  });

  it('updates to a version that was published meanwhile, and says so', async () => {
    await publishAcme('1.1.0');
    const { stdout, code } = await home.vmctl('plugins', 'update', acme);
    expect({ stdout, code }).toEqual({ stdout: `${acme} 1.0.0 → 1.1.0\n`, code: 0 });
    expect(await summary()).toContain(`${acme} 1.1.0 installed`);
  });

  it('stays in the range that was asked for', async () => {
    await publishAcme('2.0.0');
    expect((await home.vmctl('plugins', 'install', `${acme}@^1.0`)).stdout).toContain(`${acme} 1.1.0:`);
    expect((await home.vmctl('plugins', 'update', acme)).stdout).toBe(`${acme} 1.1.0: up to date\n`);
  });

  it('links a folder in the place of the installed one, which is used again once it is unlinked', async () => {
    const folder = join(home.root, 'acme/2.0.0');
    const { stdout } = await home.vmctl('plugins', 'link', folder);
    expect(stdout).toContain(`${acme} 2.0.0 (was 1.1.0): provisioner hello`);
    expect(stdout).toContain(`vmctl plugins unlink ${acme}`);
    expect(await summary()).toContain(`${acme} 2.0.0 linked`);
    expect((await home.vmctl('plugins', 'unlink', folder)).stdout).toBe(
      `Unlinked ${acme}: the installed one, 1.1.0, is used again.\nTo remove it too: vmctl plugins uninstall ${acme}\n`,
    );
    expect(await summary()).toContain(`${acme} 1.1.0 installed`);
  });

  it('uninstalls one with its files and leaves the others', async () => {
    const { stdout, code } = await home.vmctl('plugins', 'uninstall', acme);
    expect({ stdout, code }).toEqual({ stdout: `Removed ${acme}.\n`, code: 0 });
    expect((await plugins()).map(({ name }) => name)).toEqual([
      '@vmctl/plugin-provisioners',
      '@vmctl/plugin-qemu',
    ]);
    const left = await readdir(join(home.dataDir, 'plugins/packages'));
    expect(left.toSorted()).toEqual([
      expect.stringMatching(/^@vmctl\+plugin-provisioners@/),
      expect.stringMatching(/^@vmctl\+plugin-qemu@/),
    ]);
  });

  it('gets what this platform needs with doctor --fix, and looks again', async () => {
    await home.vmctl('plugins', 'reset', '--yes');
    const before = (await home.json('doctor')) as Diagnosis;
    expect(before.findings.map(({ id }) => id)).toEqual(expect.arrayContaining(['backend', 'provisioners']));
    const mended = (await home.json('doctor', '--fix', '--yes')) as Diagnosis;
    expect(mended.repairs).toMatchObject([
      {
        repair: {
          kind: 'install-plugins',
          packages: ['@vmctl/plugin-qemu', '@vmctl/plugin-provisioners'],
        },
        outcome: 'mended',
      },
    ]);
    const statuses = Object.fromEntries(mended.findings.map(({ id, status }) => [id, status]));
    expect(statuses).toMatchObject({
      'plugin:@vmctl/plugin-qemu': 'ok',
      'plugin:@vmctl/plugin-provisioners': 'ok',
      qemu: expect.anything(), // the backend that was just installed has looked at the host
    });
    expect(statuses).not.toHaveProperty('backend');
    const again = (await home.json('doctor', '--fix', '--yes')) as Diagnosis;
    expect(again.repairs).toEqual([]);
  });

  it('removes everything on reset, but only when it may', async () => {
    const refused = await home.vmctl('plugins', 'reset');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect(await plugins()).toHaveLength(2);
    expect((await home.vmctl('plugins', 'reset', '--yes')).code).toBe(0);
    expect(await plugins()).toEqual([]);
    expect(await readdir(join(home.dataDir, 'plugins/packages'))).toEqual([]);
  });
});
