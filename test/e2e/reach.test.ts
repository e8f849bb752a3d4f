import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guestImage } from '../support/guest-image.js';
import { VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Against hanging only: software emulation on slow cores that do other work as well. */
const BOOT = 16 * MINUTE;

let home: VmctlHome;

beforeAll(async () => {
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
  await home.write(`
    vm "web" {
        image "${await guestImage()}"
        vcpus 1
        memory 512
        cloud-init
        ssh { timeout 900 }
    }
  `);
  expect(await home.vmctl('up')).toMatchObject({ code: 0 });
}, BOOT);

afterAll(async () => {
  await home?.remove();
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
});
