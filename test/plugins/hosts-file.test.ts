import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';
import { repositoryRoot } from '../support/vmctl-home.js';

const LIMIT = 120_000;
const example = join(repositoryRoot, 'examples/plugin-hosts-file');

let project: NoopProject;
/** Stands for the guest's /etc/hosts: the guest of the noop backend is this machine. */
let hosts: string;

beforeAll(async () => {
  const bin = join(repositoryRoot, 'node_modules/.bin');
  await promisify(execFile)('npm', ['test'], {
    cwd: example,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
  });
  project = await NoopProject.create();
  hosts = join(project.home.root, 'hosts');
  await writeFile(hosts, '127.0.0.1 localhost\n', { mode: 0o644 });
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

const node = (body: string): string => `hosts-file path="${hosts}" {\n${body}\n}`;

describe('the example plugin hosts-file', () => {
  it(
    'is asked for by name before it is there',
    async () => {
      await project.home.write(project.vm('web', node('host "10.0.2.2" "db"')));
      const { code, stderr } = await project.vmctl('validate');
      expect(code).toBe(2);
      expect(stderr).toContain('unknown setting "hosts-file" in vm "web"');
      expect(stderr).toContain('More nodes come with plugins: vmctl plugins install PACKAGE');
    },
    LIMIT,
  );

  it(
    'writes the names of the VMFile into the guest while it comes up, before its steps',
    async () => {
      expect(await project.vmctl('plugins', 'link', example)).toMatchObject({ code: 0 });
      const doctor = await project.vmctl('doctor');
      expect(doctor.stdout).toMatch(/vmctl-plugin-hosts-file 1\.0\.0 +VMFile node hosts-file, stages of up/);

      const step = `provision "shell" name="look" { inline "cp ${hosts} ${hosts}.at-step" }`;
      await project.home.write(project.vm('web', `${node('host "10.0.2.2" "db" "db.internal"')}\n${step}`));
      const up = await project.vmctl('up');
      expect(up).toMatchObject({ code: 0 });
      expect(up.stdout).toContain(`${hosts} written`);
      const written = await readFile(`${hosts}.at-step`, 'utf8');
      expect(written.split('\n')).toEqual([
        '127.0.0.1 localhost',
        expect.stringMatching(/^# vmctl hosts-file: begin/),
        '10.0.2.2 db db.internal',
        expect.stringMatching(/^# vmctl hosts-file: end/),
        '',
      ]);
    },
    LIMIT,
  );

  it(
    'shows a mistake where it is, beside those of vmctl',
    async () => {
      await project.home.write(project.vm('web', `${node('host "db" "10.0.2.2"')}\nvcpus 0`));
      const { code, stderr } = await project.vmctl('validate');
      expect(code).toBe(2);
      expect(stderr).toMatch(/VMFile\.kdl:6:6: the address must be an IPv4 or IPv6 address/);
      expect(stderr).toMatch(/VMFile\.kdl:8:7: "vcpus" must be from 1 to 4096, not 0/);
    },
    LIMIT,
  );

  it(
    'is needed neither to stop the VM nor by a VMFile without its node',
    async () => {
      const loads = /activated vmctl-plugin-hosts-file/;
      await project.home.write(project.vm('web', node('host "10.0.2.2" "db"')));
      const down = await project.start(['down'], { DEBUG: 'vmctl:*' }).done;
      expect([down.code, loads.test(down.stderr)]).toEqual([0, false]);

      await project.home.write(project.vm('web'));
      const without = await project.start(['up'], { DEBUG: 'vmctl:*' }).done;
      expect([without.code, loads.test(without.stderr)]).toEqual([0, false]);

      await project.vmctl('down');
      await project.home.write(project.vm('web', node('')));
      const empty = await project.start(['up'], { DEBUG: 'vmctl:*' }).done;
      expect([empty.code, loads.test(empty.stderr)]).toEqual([0, true]);
      expect(await readFile(hosts, 'utf8')).toBe('127.0.0.1 localhost\n');
    },
    LIMIT,
  );
});
