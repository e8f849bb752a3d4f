import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { itWith } from '../../packages/core/test/support/programs.js';
import { ExampleProject } from '../support/example-project.js';
import { guestImage } from '../support/guest-image.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Against hanging only: software emulation on slow cores that do other work as well. */
const BOOT = 16 * MINUTE;

let home: VmctlHome;
let image: string;
let example: ExampleProject | undefined;

beforeAll(async () => {
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
  image = String(pathToFileURL(await guestImage()));
  await home.write(vmFile());
  expect(await home.vmctl('up')).toMatchObject({ code: 0 });
}, BOOT);

function vmFile(step = ''): string {
  return `vm "web" {
    image-url "${image}"
    vcpus 1
    memory 512
    cloud-init
    ssh { timeout 900 }
    ${step}
  }`;
}

afterAll(async () => {
  await home?.remove();
  await example?.remove();
}, 5 * MINUTE);

describe('a real guest', () => {
  it(
    'runs commands, with their words, input and status as they are',
    async () => {
      const words = await home.vmctl('exec', 'web', '--', 'printf', '<%s>', 'two words', '$HOME', '--json');
      expect(words).toMatchObject({ code: 0, stdout: '<two words><$HOME><--json>' });
      const counted = home.start(['exec', 'web', '--', 'wc', '-c'], { input: Buffer.alloc(100_000) });
      expect(await counted.done).toMatchObject({ code: 0, stdout: '100000\n' });
      expect(await home.vmctl('exec', 'web', '--', 'sh', '-c', 'exit 42')).toMatchObject({ code: 42 });
    },
    5 * MINUTE,
  );

  it(
    'takes directories where only root may write, and gives big files back byte for byte',
    async () => {
      const content = randomBytes(6 * 1024 * 1024);
      await home.write('<h1>from here</h1>\n', 'site/index.html');
      await writeFile(join(home.project, 'site/big'), content);
      expect(await home.vmctl('cp', 'site', 'web:/srv/')).toMatchObject({ code: 0 });
      expect(await home.vmctl('cp', 'site/big', 'web:/srv/again')).toMatchObject({ code: 0 });
      expect(await home.vmctl('cp', 'web:/srv/again', 'back')).toMatchObject({ code: 0 });
      expect(content.equals(await readFile(join(home.project, 'back')))).toBe(true);
      await home.vmctl('cp', 'web:/srv/site', 'copy');
      expect(await readFile(join(home.project, 'copy/index.html'), 'utf8')).toBe('<h1>from here</h1>\n');
    },
    5 * MINUTE,
  );

  it(
    'is reached through a forward that was added while it runs, until that is removed',
    async () => {
      const serve = 'sudo systemd-run --unit=site busybox httpd -f -p 8000 -h /srv/site';
      expect(await home.vmctl('exec', 'web', '--', 'sh', '-c', serve)).toMatchObject({ code: 0 });
      const { forward } = (await home.json('forward', 'add', 'web', '0:8000')) as {
        forward: { host: number };
      };
      const url = `http://127.0.0.1:${forward.host}/index.html`;
      expect(await (await fetch(url)).text()).toContain('from here');
      expect(await home.vmctl('forward', 'remove', 'web', String(forward.host))).toMatchObject({ code: 0 });
      await expect(fetch(url)).rejects.toThrow('fetch failed');
    },
    5 * MINUTE,
  );

  it(
    'is a host for the real ssh',
    async () => {
      expect(await home.vmctl('ssh-config', '--install')).toMatchObject({ code: 0 });
      const args = ['-F', join(home.root, '.ssh/config'), '-o', 'BatchMode=yes', 'vmctl-web', 'hostname'];
      const answer = await new Promise<string>((resolve, reject) => {
        execFile('ssh', args, { env: home.env }, (error, stdout, stderr) =>
          error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
        );
      });
      expect(answer).toBe('web\n');
    },
    5 * MINUTE,
  );

  it(
    'is worked with on a terminal: by ssh with Ctrl-C for its own programs, and on its serial console',
    async () => {
      const vmctl = `${process.execPath} ${join(repositoryRoot, 'packages/core/bin/run.js')}`;
      const terminal = await Tmux.create({ cwd: home.project, env: home.env });
      try {
        await terminal.type(`clear; ${vmctl} ssh; echo "ssh gave $?"`);
        await terminal.shows(/^vm@web:~\$/m);
        await terminal.type('clear; echo begun; sleep 1000');
        await terminal.shows(/^begun$/m);
        await terminal.press('C-c');
        await terminal.shows(/\^C\s+vm@web:~\$/);
        await terminal.type('echo "interrupted with $?"; exit 7');
        await terminal.shows(/^interrupted with 130$/m);
        await terminal.shows(/^ssh gave 7$/m);

        await terminal.type(`clear; ${vmctl} console`);
        await terminal.shows(/Ctrl-\]/);
        await terminal.press('Enter');
        await terminal.shows(/^web login:/m);
        await terminal.press('C-]');
        await terminal.shows(/Left the console of web\./);
      } finally {
        await terminal.end();
      }
    },
    5 * MINUTE,
  );

  it(
    'is known: its ports, its image, and that it is ready',
    async () => {
      expect(await home.vmctl('wait', 'web', '--for', 'ready')).toMatchObject({ code: 0 });
      const { ssh_host_port: port } = (await home.registry())['web'] ?? {};
      expect(await home.json('port')).toMatchObject({ ports: [{ vm: 'web', guest: 22, host: port }] });
      const { findings } = (await home.json('doctor')) as { findings: { title: string; status: string }[] };
      expect(findings.map(({ title }) => title).join()).toMatch(/QEMU \d/);
      expect(findings.filter(({ status }) => status === 'error')).toEqual([]);
      expect(await home.json('image', 'list')).toMatchObject({ images: [{ usedBy: ['web'] }] });
      const removed = await home.vmctl('image', 'remove', 'debian-12.qcow2');
      expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('web') });
      expect(await home.vmctl('image', 'prune')).toMatchObject({ code: 0 });
      expect(await home.json('image', 'list')).toMatchObject({ images: [{ usedBy: ['web'] }] });
    },
    5 * MINUTE,
  );

  itWith('ansible-playbook')(
    'is played a playbook as root by the example provisioner ansible, to which vmctl tells address, key and host key',
    async () => {
      example = await ExampleProject.create('provisioner-ansible');
      await example.npm('run', 'build');
      expect(await home.vmctl('plugins', 'link', example.directory)).toMatchObject({ code: 0 });
      await home.write(
        vmFile(`provision "ansible" name="site" {
            playbook "site.yml"
            groups "servers"
            extra-vars { greeting "hello" }
          }`),
      );
      await home.write(
        `- hosts: servers
  become: true
  tasks:
    - copy:
        content: "{{ greeting }} from {{ ansible_facts.hostname }}, {{ ansible_facts.distribution }}\\n"
        dest: /etc/motd
        mode: "0644"
`,
        'site.yml',
      );
      const played = await home.vmctl('provision');
      expect(played).toMatchObject({ code: 0 });
      expect(played.stdout).toMatch(/web +: ok=2 +changed=1 /);
      const { stdout } = await home.vmctl('ssh', 'web', '--', 'stat -c %U /etc/motd && cat /etc/motd');
      expect(stdout).toBe('root\nhello from web, Debian\n');
    },
    // Python has to start in the guest, for each task.
    12 * MINUTE,
  );
});
