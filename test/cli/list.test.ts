import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tinyDisk } from '../support/noop-project.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 120_000;

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
  await home.write(
    'vm "web" { image "disk.img"; backend "noop"; memory 512 }\nvm "db" { image "disk.img"; backend "noop" }\n',
  );
}, LIMIT);
afterAll(async () => {
  await home.remove();
}, LIMIT);

describe('vmctl list', () => {
  it(
    'prints names, and lines in a format of the user’s, and nothing at all without VMs',
    async () => {
      for (const words of [['-q'], ['--format', '{{name}}']]) {
        expect(await home.vmctl('list', ...words)).toMatchObject({ code: 0, stdout: '', stderr: '' });
      }
      const none = 'No VMs. `vmctl up` makes those of a VMFile.kdl.\n';
      for (const verb of ['list', 'status']) {
        expect(await home.vmctl(verb)).toMatchObject({ code: 0, stdout: none, stderr: '' });
      }
      await home.vmctl('up');
      await home.vmctl('stop', 'db');
      expect((await home.vmctl('list', '--quiet')).stdout).toBe('db\nweb\n');
      const format = String.raw`{{name}}\t{{state}}\t{{memoryMb}}\t{{network.type}}\t{{detail}}|`;
      expect((await home.vmctl('list', '--format', format)).stdout).toBe(
        'db\tstopped\t1024\tuser\t|\nweb\trunning\t512\tuser\t|\n',
      );
    },
    LIMIT,
  );

  it.each([
    [['--format', '{{nmae}}'], 'Did you mean {{name}}?'],
    [['--format', 'json'], '--json'],
    [['--format', '{{name}}', '--json'], 'With --json there is nothing to format.'],
    [['-q', '--json'], 'With --json there is nothing to format.'],
    [['--quiet', '--format', '{{name}}'], '--quiet'],
  ])(
    'refuses %j',
    async (words, said) => {
      const { code, stdout, stderr } = await home.vmctl('list', ...words);
      expect(code).toBe(2);
      expect(stdout + stderr).toContain(said);
    },
    LIMIT,
  );
});
