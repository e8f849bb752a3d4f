import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { itWith } from '../../packages/core/test/support/programs.js';
import { generateKeyPair } from '../../packages/core/src/guest/ssh-keys.js';
import { ExampleProject } from '../support/example-project.js';
import { NoopProject } from '../support/noop-project.js';

const LIMIT = 120_000;
const it = itWith('ansible-playbook', 'sshd');

let example: ExampleProject;
let project: NoopProject;
/** Where vmctl makes its temporary directories. */
let temporary: string;

beforeAll(async () => {
  example = await ExampleProject.create('provisioner-ansible');
  await example.npm('run', 'build');
  project = await NoopProject.create({ plugins: 'none' });
  temporary = join(project.home.root, 'tmp');
  await mkdir(temporary);
  const linked = await project.home.vmctl('plugins', 'link', example.directory);
  if (linked.code !== 0) throw new Error(linked.stderr);
}, LIMIT);
afterAll(async () => {
  await project?.remove();
  await example?.remove();
}, LIMIT);

/**
 * Writes a playbook with these tasks for all hosts, a VMFile whose VM runs it with these settings, and an ansible.cfg:
 * each test has its own.
 */
async function write(tasks: readonly string[], settings = '', ansibleCfg = ''): Promise<void> {
  const head = ['- hosts: all', '  gather_facts: false', '  tasks:'];
  await project.home.write([...head, ...tasks.map((task) => `    - ${task}`), ''].join('\n'), 'site.yml');
  await project.home.write(ansibleCfg, 'ansible.cfg');
  const node = `provision "ansible" name="site" {\n playbook "site.yml"\n ${settings}\n}`;
  await project.home.write(project.vm('web', node));
}

/** Runs the step on the VM that is there, or on a new one. */
async function up(env: Readonly<Record<string, string>> = {}) {
  await project.vmctl('destroy', 'web', '--yes');
  return project.start(['up'], { TMPDIR: temporary, ...env }).done;
}

/** Command lines of all processes that contain a text. */
async function processesWith(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.map((line) => line.replaceAll('\0', ' ').trim()).filter((line) => line.includes(text));
}

/** What runs of Ansible have left in the directory for temporary files. */
async function leftovers(): Promise<readonly string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith('vmctl-ansible-'));
}

describe('the example provisioner ansible with a real ansible-playbook and sshd', () => {
  it(
    'runs modules in the guest, with variables, tags and the ansible.cfg of the project',
    async () => {
      const made = join(project.home.root, 'made');
      await write(
        [
          `copy: { content: "{{ greeting }}, {{ inventory_hostname }}", dest: "${made}" }`,
          '{ fail: { msg: "skipped by its tag" }, tags: [slow] }',
          '{ debug: { msg: "never shown" }, when: false }',
        ],
        'extra-vars { greeting "hello" }; skip-tags "slow"',
        '[defaults]\ndisplay_skipped_hosts = False\n',
      );
      const { code, stdout } = await up();
      expect({ code, stdout }).toMatchObject({ code: 0 });
      expect(await readFile(made, 'utf8')).toBe('hello, web');
      expect(stdout).toMatch(/web +: ok=1 +changed=1 /);
      expect(stdout).not.toContain('TASK [debug]');
      expect(await leftovers()).toEqual([]);
    },
    LIMIT,
  );

  it(
    'shows lines while the playbook runs, and ends everything on Ctrl-C',
    async () => {
      await write(['raw: echo started', 'raw: sleep 300']);
      await project.vmctl('destroy', 'web', '--yes');
      const running = project.start(['up'], { TMPDIR: temporary });
      // Ansible prints the head of a task before it runs it.
      await running.output(/TASK \[raw\][^]*changed: \[web\][^]*TASK \[raw\]/);
      const [directory = ''] = await leftovers();
      expect(await processesWith(directory)).not.toEqual([]);
      running.kill('SIGINT');
      expect(await running.done).toMatchObject({ code: 130 });
      expect(await processesWith(directory)).toEqual([]);
      expect(await leftovers()).toEqual([]);
    },
    LIMIT,
  );

  it(
    'says what a failure means, with the end of the output',
    async () => {
      await write(['shell: "echo went wrong >&2; exit 3"']);
      const { code, stdout } = await up();
      expect(code).toBe(1);
      expect(stdout).toContain('ansible-playbook ended with a task that failed (exit code 2)');
      expect(stdout).toContain('went wrong');
    },
    LIMIT,
  );

  it(
    'checks the pinned host key, even where an ansible.cfg turns that off',
    async () => {
      // Between vmctl's login and Ansible's, something else takes the guest's place.
      const other = await generateKeyPair('other');
      const key = other.publicKey.split(' ').slice(0, 2).join(' ');
      const knownHosts = join(project.home.workDir('web'), 'known_hosts');
      await write(
        [
          `{ copy: { content: "vmctl-web ${key}\\n", dest: "${knownHosts}" }, delegate_to: localhost }`,
          'raw: echo must not be run',
        ],
        '',
        '[defaults]\nhost_key_checking = False\n[ssh_connection]\nssh_args = -o StrictHostKeyChecking=no\n',
      );
      const { code, stdout } = await up();
      expect(code).toBe(1);
      expect(stdout).toContain('Host key verification failed');
      expect(stdout).toContain('UNREACHABLE!');
      expect(stdout).not.toContain('changed: [web]\n');
    },
    LIMIT,
  );

  it(
    'keeps secrets out of the terminal and of provision.log, though the playbook prints them',
    async () => {
      await write(['debug: { msg: "it is {{ password }}." }'], 'secret-vars { password "ACME_PASSWORD" }');
      const { code, stdout } = await up({ ACME_PASSWORD: 'open-sesame' });
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('it is ***.') });
      const log = await readFile(join(project.home.workDir('web'), 'provision.log'), 'utf8');
      expect(log).toContain('it is ***.');
      expect(stdout + log).not.toContain('open-sesame');
    },
    LIMIT,
  );

  it(
    'runs again with run="changed" only when a file beside the playbook changed',
    async () => {
      await write(['include_vars: vars/main.yml', 'debug: { var: colour }']);
      await project.home.write('colour: blue\n', 'vars/main.yml');
      const node = 'provision "ansible" name="site" run="changed" { playbook "site.yml" }';
      await project.home.write(project.vm('web', node));
      expect((await up()).stdout).toContain('blue');
      const again = async (): Promise<string> => {
        expect(await project.vmctl('down')).toMatchObject({ code: 0 });
        return (await project.start(['up'], { TMPDIR: temporary }).done).stdout;
      };
      expect(await again()).toContain('unchanged');
      await project.home.write('colour: green\n', 'vars/main.yml');
      expect(await again()).toContain('green');
    },
    LIMIT,
  );
});
