import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tinyDisk } from '../support/noop-project.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
beforeEach(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
  await home.write('vm "web" { image "disk.img" }\n');
}, LIMIT);
afterEach(async () => {
  // A test may have left a configuration that no command works with.
  await rm(join(home.project, 'vmctl.config.yaml'), { force: true });
  await home.remove();
}, LIMIT);

const run = (words: string, env: Readonly<Record<string, string>> = {}) =>
  home.start(words.split(' '), { env }).done;

/** What `vmctl config --json` says of a setting. */
async function setting(
  key: string,
  words = 'config',
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await run(`${words} --json`, env);
  const report = JSON.parse(stdout) as { settings: { key: string; value: unknown; origin: unknown }[] };
  const { value, origin } = report.settings.find((each) => each.key === key) ?? {};
  return { value, origin };
}

describe('vmctl config', () => {
  it(
    'shows every setting, what counts, and where that comes from',
    async () => {
      const file = await home.write(
        'parallel: 2\nbridge: br2\nimages: { mirrors: { "https://a.example/": "https://b.example/" } }\n',
        'vmctl.config.yaml',
      );
      await mkdir(join(home.root, 'config/vmctl'), { recursive: true });
      const own = join(home.root, 'config/vmctl/config.json');
      await writeFile(own, '{ "bridge": "br3",\n  "timeouts": { "stop": 3 } }');
      const { code, stdout, stderr } = await run('config --backend noop', { VMCTL_PARALLEL: '5' });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
      expect(lines).toEqual([
        ['SETTING', 'VALUE', 'FROM'],
        ['backend', 'noop', '--backend'],
        ['parallel', '5', 'VMCTL_PARALLEL'],
        ['dataDir', home.dataDir, 'default'],
        ['bridge', 'br2', 'vmctl.config.yaml:2'],
        ['timeouts.ready', '120', 'default'],
        ['timeouts.stop', '3', `${own}:2`],
        ['images.mirrors["https://a.example/"]', 'https://b.example/', 'vmctl.config.yaml:3'],
        [''],
        [`Files: vmctl.config.yaml, ${own}`],
        [''],
      ]);
      expect(await setting('bridge')).toEqual({
        value: 'br2',
        origin: { source: 'project', file, line: 2, column: 1 },
      });
    },
    LIMIT,
  );

  it(
    'shows the settings of a backend, which its plugin reads as well',
    async () => {
      const plugin = join(repositoryRoot, 'packages/plugin-qemu');
      expect(await home.vmctl('plugins', 'link', plugin)).toMatchObject({ code: 0 });
      const file = await home.write(
        'backends:\n  qemu:\n    binary: ./no-qemu\n    sandbox: false\n',
        'vmctl.config.yaml',
      );
      const binary = join(home.project, 'no-qemu');
      expect(await setting('backends.qemu.binary')).toEqual({
        value: binary,
        origin: { source: 'project', file, line: 3, column: 5 },
      });
      expect(await setting('backends.qemu.accelerator', 'config', { VMCTL_QEMU_ACCEL: 'tcg' })).toEqual({
        value: 'tcg',
        origin: { source: 'variable', variable: 'VMCTL_QEMU_ACCEL' },
      });
      expect(await setting('backends.qemu.diskCache')).toEqual({
        value: 'writeback',
        origin: { source: 'default' },
      });
      const { stderr } = await run('config', { VMCTL_QEMU_ACCEL: 'tcg', VMCTL_QEMU_SANBOX: 'true' });
      expect(stderr).toBe(
        '! The variable VMCTL_QEMU_SANBOX counts for nothing: neither vmctl nor an installed backend has it. Did you mean VMCTL_QEMU_SANDBOX?\n',
      );
      const { stdout } = await run('doctor');
      expect(stdout).toContain(`QEMU is set to "${binary}", which cannot be run`);
      await home.write('backends:\n  qemu:\n    binray: x\n', 'vmctl.config.yaml');
      expect(await run('config')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/vmctl\.config\.yaml:3:5: unknown setting "backends\.qemu\.binray"/),
      });
    },
    LIMIT,
  );
});

describe('a configuration that is a program', () => {
  it.each([
    [
      'vmctl.config.ts',
      `import type { VmctlConfig } from '@vmctl/core';
       const parallel: number = 1 + 1;
       export default { parallel } satisfies VmctlConfig;`,
    ],
    ['vmctl.config.js', 'export default () => ({ parallel: 2 });'],
    ['vmctl.config.cjs', 'module.exports = { parallel: 2 };'],
  ])(
    'is run, and nothing else is said: %s',
    async (name, text) => {
      const file = await home.write(text, name);
      const { code, stdout, stderr } = await run('config');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^parallel +2 +${name}$`, 'm'));
      await rm(file);
    },
    LIMIT,
  );
});

describe('a configuration that is wrong', () => {
  it(
    'ends what would work with it, and is named by config and doctor',
    async () => {
      await home.write('parallel: 2\nbrigde: br1\n', 'vmctl.config.yaml');
      const said =
        /vmctl\.config\.yaml:2:1: unknown setting "brigde"\n {2}2 \| brigde: br1\n[^]*Did you mean "bridge"\?/;
      for (const words of ['list', 'up', 'validate']) {
        expect({ words, ...(await run(words)) }).toMatchObject({
          words,
          code: 2,
          stdout: '',
          stderr: expect.stringMatching(said),
        });
      }
      const { stdout: json } = await run('list --json');
      expect(JSON.parse(json)).toMatchObject({
        error: {
          code: 'VMCTL_CONFIG_INVALID',
          details: { problems: [{ line: 2, column: 1, key: 'brigde' }] },
        },
      });
      const config = await run('config');
      expect(config).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
      expect(config.stdout).toMatch(/^parallel +2 +vmctl\.config\.yaml:1$/m);
      const doctor = await run('doctor');
      expect(doctor).toMatchObject({
        code: 3,
        stdout: expect.stringMatching(/✗ configuration[^]*unknown setting "brigde"/),
      });
    },
    LIMIT,
  );

  it(
    'does not keep anybody from help, from the version, and from what needs none',
    async () => {
      await home.write('{', 'vmctl.config.yaml');
      for (const words of [
        '--help',
        'up --help',
        '--version',
        'version',
        'help config',
        'fmt',
        'plugins',
        'completion bash',
      ]) {
        expect({ words, ...(await run(words)) }).toMatchObject({ words, code: 0, stderr: '' });
      }
    },
    LIMIT,
  );
});

describe('what is no configuration', () => {
  it(
    'is the manifest of a plugin, in the plugin’s own project',
    async () => {
      const manifest = { apiVersion: 1, entry: './plugin.js', contributes: {} };
      await home.write(JSON.stringify({ name: 'vmctl-plugin-acme', vmctl: manifest }), 'package.json');
      expect(await run('list')).toMatchObject({ code: 0, stderr: '' });
    },
    LIMIT,
  );
});

describe('VMCTL_DATA_DIR', () => {
  it(
    'is where VMs are, and the user’s plugins in a directory of it',
    async () => {
      const env = { VMCTL_DATA_DIR: join(home.root, 'mine') };
      const plugin = join(repositoryRoot, 'packages/plugin-provisioners');
      expect(await run(`plugins link ${plugin}`, env)).toMatchObject({ code: 0 });
      await access(join(home.root, 'mine/plugins/package.json'));
      expect((await run('plugins', env)).stdout).toContain('@vmctl/plugin-provisioners');
      expect(await run('up --backend noop', env)).toMatchObject({ code: 0 });
      expect(JSON.parse(await readFile(join(home.root, 'mine/vms.json'), 'utf8'))).toHaveProperty('web');
      expect((await run('list')).stdout).toMatch(/^No VMs/);
    },
    LIMIT,
  );
});

describe('a command without a configuration', () => {
  /** The modules that a command loads. */
  async function modulesOf(words: string): Promise<string> {
    const record = join(home.root, 'modules');
    await rm(record, { force: true });
    const recorder = pathToFileURL(join(repositoryRoot, 'test/support/record-modules.mjs')).href;
    await run(words, { RECORD_MODULES: record, NODE_OPTIONS: `--import ${recorder}` });
    return readFile(record, 'utf8');
  }

  it.each(['list', 'status'])(
    'loads nothing that reads one: %s',
    async (words) => {
      const modules = await modulesOf(words);
      expect(modules).toContain('/config/find-config.js');
      expect(modules).not.toMatch(/\/node_modules\/(?:yaml|cosmiconfig)\/|\/config\/(?:read|text)-/);
      await home.write('parallel: 2\n', 'vmctl.config.yaml');
      expect(await modulesOf(words)).toMatch(/\/node_modules\/yaml\//);
    },
    LIMIT,
  );

  it(
    'does not read one either when it only helps',
    async () => {
      await home.write('parallel: 2\n', 'vmctl.config.yaml');
      expect(await modulesOf('up --help')).not.toMatch(/\/node_modules\/yaml\/|\/config\/read-/);
    },
    LIMIT,
  );
});
