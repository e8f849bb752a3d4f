import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { guestImage } from '../support/guest-image.js';
import { type CommandResult, VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;
/** Against hanging only: software emulation on two slow cores that do other work as well. */
const BOOT = 16 * MINUTE;

let home: VmctlHome;
let image: string;
let digest: string;
let firstUp: CommandResult;

beforeAll(async () => {
  image = await guestImage();
  digest = await sha256(image);
  home = await VmctlHome.create({ plugins: ['plugin-qemu', 'plugin-provisioners'] });
  await home.write('<h1>served by the guest</h1>\n', 'site/index.html');
  await home.write('#!/bin/sh\necho "script got $1 and $COLOUR"\n', 'greet.sh');
  await home.write(vmfile());
  firstUp = await home.vmctl('up');
}, 2 * BOOT);

afterAll(async () => {
  await home?.remove();
}, 5 * MINUTE);

/** The VMFile, or one with another memory and disk of db and other forwards of web. */
function vmfile({ memory = 512, disk = '', forwards = ['forward host=0 guest=8000'] } = {}): string {
  return `
    vm "db" {
        image "${image}"
        vcpus 1
        memory ${memory}
        ${disk}
        cloud-init
        ssh { timeout 900 }
        provision "shell" name="mark" { inline "date +%s%N > db-provisioned" }
    }
    vm "web" {
        image "${image}"
        vcpus 2
        memory 768
        disk 6
        depends-on "db" until="started"
        network "user" { ${forwards.join('; ')} }
        cloud-init { hostname "web-host" }
        ssh { timeout 900 }
        provision "file" name="site" { source "site/"; destination "/srv/www" }
        provision "shell" name="serve" {
            inline "systemctl -q is-active site || sudo systemd-run --unit=site busybox httpd -f -p 8000 -h /srv/www"
        }
        provision "shell" name="greet" { script "greet.sh"; args "hello"; env { COLOUR "blue" } }
        provision "shell" name="first-time" run="once" { inline "echo once >> once.log" }
    }
  `;
}

/** Runs a command in a VM through `vmctl ssh`. */
function inGuest(vm: string, command: string): Promise<CommandResult> {
  return home.vmctl('ssh', vm, '--', command);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

describe('vmctl up with two VMs', () => {
  it('brings both up and says so', () => {
    expect(firstUp).toMatchObject({ code: 0 });
    expect(firstUp.stdout).toMatch(/✓ db is up and provisioned in /);
    expect(firstUp.stdout).toMatch(/✓ web is up and provisioned in /);
  });

  it('starts a VM after the one that it depends on', () => {
    const { stdout } = firstUp;
    expect(stdout.search(/^ {2}db +start /m)).toBeLessThan(stdout.search(/^ {2}web +image /m));
  });

  it("puts the VM's name before provisioning output", () => {
    expect(firstUp.stdout).toMatch(/^ {2}web │ script got hello and blue$/m);
  });

  it('serves a page through a forwarded port', async () => {
    const { vms } = (await home.json('status', 'web')) as { vms: { forwards: { host: number }[] }[] };
    const port = vms[0]?.forwards[0]?.host;
    const response = await fetch(`http://127.0.0.1:${port}/index.html`);
    expect(await response.text()).toContain('served by the guest');
  });

  it('gives the guest its host name, and the user sudo without a password', async () => {
    expect(await inGuest('web', 'hostname && sudo -n id -u')).toMatchObject({
      code: 0,
      stdout: 'web-host\n0\n',
    });
  });

  it('grows the disk, and the file system with it', async () => {
    const { stdout } = await inGuest('web', 'df --output=size -B1G / | tail -1');
    expect(Number(stdout)).toBeGreaterThanOrEqual(5);
  });

  it('passes on the exit status of a command', async () => {
    expect(await inGuest('web', 'exit 42')).toMatchObject({ code: 42 });
  });

  it('leaves the base image as it was', async () => {
    expect(await sha256(image)).toBe(digest);
  });

  it('keeps exactly the documented files', async () => {
    expect((await readdir(home.workDir('web'))).toSorted()).toEqual([
      'console.log',
      'console.sock',
      'id_ed25519_generated',
      'id_ed25519_generated.pub',
      'known_hosts',
      'overlay.qcow2',
      'pidfile',
      'provision.log',
      'qmp.sock',
      'seed.iso',
    ]);
    const visible = (await readdir(home.dataDir)).filter((name) => !name.startsWith('.'));
    expect(visible.toSorted()).toEqual(['events.jsonl', 'images', 'plugins', 'vms', 'vms.json']);
  });

  it('fills console.log and provision.log', async () => {
    expect(await readFile(`${home.workDir('web')}/console.log`, 'utf8')).toContain('login:');
    const log = await home.vmctl('log', 'web', '--provision');
    expect(log.stdout).toContain('script got hello and blue');
    const console = await home.vmctl('log', 'web', '--console', '-n', '3');
    expect(console.stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });

  it('lists both as running', async () => {
    const { vms } = (await home.json('list')) as { vms: { name: string; state: string }[] };
    expect(vms.map(({ name, state }) => [name, state])).toEqual([
      ['db', 'running'],
      ['web', 'running'],
    ]);
  });

  it('tells of both what their QEMU says', async () => {
    const { vms } = (await home.json('status', 'web', 'db')) as { vms: unknown[] };
    const live = (vm: string) => ({
      status: 'running',
      engine: expect.stringMatching(/^QEMU \d+\.\d+/),
      accelerator: expect.stringMatching(/^(?:kvm|tcg)$/),
      startedAt: expect.stringMatching(/^\d{4}-/),
      disks: expect.arrayContaining([
        expect.objectContaining({
          name: 'disk',
          path: `${home.workDir(vm)}/overlay.qcow2`,
          format: 'qcow2',
          backing: expect.stringMatching(/^\//),
          writtenBytes: expect.any(Number),
        }),
        expect.objectContaining({ name: 'seed', readOnly: true }),
      ]),
      problems: [],
    });
    expect(vms).toMatchObject([
      { name: 'web', live: live('web') },
      { name: 'db', live: { ...live('db'), memory: { bytes: 512 * 2 ** 20 } } },
    ]);
  });

  it('skips VMs that run', async () => {
    const again = await home.vmctl('up');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/✓ db is running already/);
    expect(again.stdout).toMatch(/✓ web is running already/);
  });
});

describe('vmctl plan', () => {
  it('shows no changes after up', async () => {
    const { code, stdout } = await home.vmctl('plan', '--detailed-exitcode');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/= db +no changes[^]*= web +no changes[^]*No changes/),
    });
  });

  it('names an edited forward, which up then changes while the guest runs', async () => {
    await home.write(vmfile({ forwards: ['forward host=0 guest=8000', 'forward host=0 guest=8000'] }));
    const { code, stdout } = await home.vmctl('plan', 'web', '--detailed-exitcode');
    expect(code).toBe(4);
    expect(stdout).toMatch(
      /~ web +change as it runs[^]*forward +\+ 127\.0\.0\.1:\(any free port\) -> 8000 +at once/,
    );
    expect((await home.vmctl('up')).stdout).toMatch(/✓ web is changed as it runs/);
    const { ports } = (await home.json('port', 'web')) as { ports: { guest: number; host: number }[] };
    const pages = ports.filter(({ guest }) => guest === 8000);
    expect(pages).toHaveLength(2);
    for (const { host } of pages) {
      const page = await fetch(`http://127.0.0.1:${host}/`);
      expect(await page.text()).toContain('served by the guest');
    }
    expect(await home.vmctl('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
  });

  it('names edited memory and a larger disk, which take a restart, and up leaves the guest running', async () => {
    await home.write(vmfile({ memory: 640, disk: 'disk 5' }));
    const { stdout } = await home.vmctl('plan', 'db');
    expect(stdout).toMatch(/~ db +restart needed[^]*memory +512 MiB -> 640 MiB +after a restart/);
    expect(stdout).toMatch(/disk +as large as the image -> 5 GiB +after a restart/);
    const up = await home.vmctl('up', '--name', 'db');
    expect(up.stdout).toMatch(
      /! db: memory 512 MiB -> 640 MiB, disk as large as the image -> 5 GiB: takes a restart/,
    );
    expect(up.stdout).toMatch(/✓ db is running already/);
  });
});

describe('vmctl down and up again', () => {
  it(
    'powers the guests off, starts them again, and provisions again what runs always',
    async () => {
      const down = await home.vmctl('down');
      expect(down).toMatchObject({ code: 0 });
      const { vms } = (await home.json('list')) as { vms: { state: string }[] };
      expect(vms.map(({ state }) => state)).toEqual(['stopped', 'stopped']);

      const up = await home.vmctl('up', '--name', 'db');
      expect(up).toMatchObject({ code: 0 });
      expect(up.stdout).toMatch(/✓ db is up and provisioned in /);
      expect(up.stdout).not.toMatch(/web/);
      expect(await home.vmctl('plan', 'db', '--detailed-exitcode')).toMatchObject({ code: 0 });
      // The guest has grown its file system to it.
      const { stdout: size } = await inGuest('db', 'df --output=size -B1G / | tail -1');
      expect(Number(size)).toBeGreaterThanOrEqual(4);
      const memory = /MemTotal: +(\d+) kB/.exec((await inGuest('db', 'cat /proc/meminfo')).stdout)?.[1];
      expect(Number(memory)).toBeGreaterThan(512 * 1024);
    },
    BOOT,
  );

  it(
    'goes on where a killed vmctl stopped',
    async () => {
      const running = home.start(['up', '--name', 'web']);
      await running.output(/web +provision 1\/4/);
      running.kill('SIGKILL');
      await running.done;
      const again = await home.vmctl('up', '--name', 'web');
      expect(again).toMatchObject({ code: 0 });
      expect(again.stdout).toMatch(/✓ web is up and provisioned in /);
      expect(await inGuest('web', 'cat once.log')).toMatchObject({ stdout: 'once\n' });
    },
    BOOT,
  );

  it('destroys a VM with all it has, and keeps the image', async () => {
    expect(await home.vmctl('destroy', 'web')).toMatchObject({ code: 2 });
    expect(await home.vmctl('destroy', 'web', '--yes')).toMatchObject({ code: 0 });
    expect(await readdir(`${home.dataDir}/vms`)).toEqual(['db']);
    expect(Object.keys(await home.registry())).toEqual(['db']);
    expect(await sha256(image)).toBe(digest);
  });
});
