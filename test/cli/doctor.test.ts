import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeGuestImage } from '../../packages/plugin-qemu/test/support/guest-disk.js';
import { tinyDisk } from '../support/noop-project.js';
import { NO_REGISTRY } from '../support/plugins-home.js';
import { installPlugin } from '../support/third-party-plugin.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
beforeEach(async () => {
  home = await VmctlHome.create();
}, LIMIT);
afterEach(async () => {
  await home.remove();
}, LIMIT);

/** A home in which the platform has what it needs, as far as vmctl can see to it. */
async function withPlugins(): Promise<void> {
  await home.remove();
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('vmctl doctor', () => {
  it('says in an empty home which plugins are missing, and that it could install them', async () => {
    const { code, stdout } = await home.vmctl('doctor');
    expect(code).toBe(3);
    expect(stdout).toContain('fix: vmctl plugins install @vmctl/plugin-qemu\n');
    expect(stdout).toContain('fix: vmctl plugins install @vmctl/plugin-provisioners\n');
    expect(stdout).toContain('`vmctl doctor --fix` mends 2 of these.');
  });

  it('says what it would do and does nothing, when there is nobody to ask', async () => {
    await withPlugins();
    await chmod(home.dataDir, 0o755);
    const { code, stdout, stderr } = await home.vmctl('doctor', '--fix');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`chmod 700 ${home.dataDir}`);
    expect(stderr).toContain('--yes');
    const json = await home.json('doctor', '--fix');
    expect(json).toMatchObject({
      error: {
        code: 'VMCTL_CONFIRMATION_NEEDED',
        details: { repairs: [{ kind: 'restrict-permissions', path: home.dataDir, mode: '0700' }] },
      },
    });
    expect(await modeOf(home.dataDir)).toBe(0o755);
  });

  it('mends what it can, looks again, and shows what is left', async () => {
    await withPlugins();
    await chmod(home.dataDir, 0o755);
    await mkdir(home.workDir('old'), { recursive: true });
    await writeFile(join(home.workDir('old'), 'overlay.qcow2'), 'precious');
    const { stdout, stderr } = await home.vmctl('doctor', '--fix', '--yes');
    expect(stderr).toContain(`Done: take the rights of others away: chmod 700 ${home.dataDir}`);
    expect(stdout).not.toContain('open directory');
    expect(stdout).toContain(`fix: rm -r ${home.workDir('old')}`);
    expect(stdout).not.toContain('doctor --fix');
    expect(await modeOf(home.dataDir)).toBe(0o700);
    expect(await readFile(join(home.workDir('old'), 'overlay.qcow2'), 'utf8')).toBe('precious');
    // Once more: what is left is nothing that it mends.
    expect((await home.vmctl('doctor', '--fix')).stderr).toContain('There is nothing that --fix can mend.\n');
  });

  it('ends with 1 when a repair failed that was not urgent', async () => {
    await home.remove();
    home = await VmctlHome.create({ plugins: ['plugin-qemu'] });
    const { code, stderr } = await home.start(['doctor', '--fix', '--yes'], { env: NO_REGISTRY }).done;
    expect(stderr).toContain('Failed: install from the package registry: @vmctl/plugin-provisioners\n');
    expect(code).toBe(1);
  });

  it('ends with 3 when something is still broken, and says why it could not be mended', async () => {
    const { code, stdout, stderr } = await home.start(['doctor', '--fix', '--yes'], { env: NO_REGISTRY })
      .done;
    expect(code).toBe(3);
    expect(stderr).toContain('Failed: install from the package registry: @vmctl/plugin-qemu');
    expect(stderr).toContain(NO_REGISTRY.VMCTL_NPM_REGISTRY);
    expect(stdout).toContain('fix: vmctl plugins install @vmctl/plugin-qemu\n');
  });

  it("shows the findings of somebody else's backend, and does nothing that they bring with them", async () => {
    await withPlugins();
    await installPlugin(home, {
      name: 'acme',
      contributes: { hypervisors: { warp: { platforms: [] } } },
      apply: `host.hooks.hypervisor.for('warp').tapPromise('acme', async () => ({
        name: 'warp',
        async diagnose() {
          return [{ id: 'warp:core', status: 'error', title: 'no warp core', detail: 'It is cold.', fix: 'heat it',
            repair: { kind: 'restrict-permissions', path: ${JSON.stringify(home.project)}, mode: '0700' } }];
        },
      }));`,
    });
    await chmod(home.project, 0o755);
    const { code, stdout } = await home.vmctl('doctor', '--fix', '--yes', '--json');
    expect(code).toBe(3);
    const { findings, repairs } = JSON.parse(stdout) as { findings: object[]; repairs: object[] };
    expect(findings).toContainEqual({
      group: 'host',
      id: 'warp:core',
      status: 'error',
      title: 'no warp core',
      detail: 'It is cold.',
      fix: 'heat it',
    });
    expect(repairs).toEqual([]);
    expect(await modeOf(home.project)).toBe(0o755);
  });

  it('asks for nothing when there is nothing to mend', async () => {
    await withPlugins();
    const report = await home.json('doctor', '--fix');
    expect(report).toMatchObject({ repairs: [], findings: expect.any(Array) });
  });
});

describe('a QEMU that runs', () => {
  beforeEach(async () => {
    await withPlugins();
    await writeGuestImage(join(home.project, 'talks.img'), 'deaf');
    await home.write('vm "web" { image "talks.img"; backend "qemu"; memory 64; network "none" }');
    expect(await home.vmctl('up')).toMatchObject({ code: 0 });
  }, LIMIT);

  it('is named by doctor when vms.json does not know its VM, and is left running', async () => {
    const registry = await readFile(join(home.dataDir, 'vms.json'), 'utf8');
    const { web } = await home.registry();
    await writeFile(join(home.dataDir, 'vms.json'), '{}');
    const { findings } = (await home.json('doctor', '--fix', '--yes')) as { findings: { id: string }[] };
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining([`orphan:process:${String(web?.['pid'])}`, 'orphan:directory:web']),
    );
    await writeFile(join(home.dataDir, 'vms.json'), registry);
    expect(await home.json('list')).toMatchObject({ vms: [{ name: 'web', state: 'running' }] });
  });

  it('is not forgotten', async () => {
    const { web } = await home.registry();
    const { code, stdout } = await home.vmctl('destroy', '--forget', 'web', '--yes');
    expect(code).toBe(1);
    expect(stdout).toContain(`kill ${String(web?.['pid'])}`);
    expect(await home.json('list')).toMatchObject({ vms: [{ name: 'web', state: 'running' }] });
  });
});

describe('vmctl doctor --fix on a terminal', () => {
  let terminal: Tmux;
  beforeEach(async () => {
    await withPlugins();
    terminal = await Tmux.create({ cwd: home.project, env: home.env, columns: 200 });
    await terminal.type(`vmctl() { node ${join(repositoryRoot, 'packages/core/bin/run.js')} "$@"; }`);
  }, LIMIT);
  afterEach(async () => {
    await terminal.end();
  });

  it(
    'says what it will do and asks; a no changes nothing, a yes mends it',
    async () => {
      await chmod(home.dataDir, 0o755);
      await terminal.type('vmctl doctor --fix; echo no-$?');
      await terminal.shows(/chmod 700 .*[^]*Mend this\? \[y\/N\]/);
      await terminal.type('n');
      await terminal.shows(/Nothing was done[^]*no-2$/m);
      expect(await modeOf(home.dataDir)).toBe(0o755);
      await terminal.type('clear; vmctl doctor --fix; echo yes-$?');
      await terminal.shows(/Mend this\? \[y\/N\]/);
      await terminal.type('y');
      await terminal.shows(/Done: take the rights of others away[^]*data directory [^]*yes-0$/m);
      expect(await modeOf(home.dataDir)).toBe(0o700);
    },
    LIMIT,
  );
});

describe('vmctl destroy --forget', () => {
  it('gets rid of a VM whose backend is gone, which destroy alone cannot, and asks first', async () => {
    await home.write(tinyDisk(), 'disk.img');
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    await home.vmctl('up');
    const registry = await home.registry();
    await writeFile(
      join(home.dataDir, 'vms.json'),
      JSON.stringify({ web: { ...registry['web'], backend: 'warp' } }),
    );
    const refused = await home.vmctl('destroy', 'web', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('vmctl destroy --forget web');
    const unasked = await home.vmctl('destroy', '--forget', 'web');
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('Give up web with its disk');
    expect(await home.vmctl('destroy', '--forget', '--all', '--yes')).toMatchObject({ code: 2 });
    expect(await home.vmctl('destroy', '--forget', 'web', '--yes')).toMatchObject({ code: 0 });
    expect(await home.registry()).toEqual({});
  });
});
