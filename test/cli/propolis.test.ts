import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSshd, type Sshd } from '../../packages/core/test/support/sshd.js';
import {
  makeIllumos,
  type IllumosPrograms,
} from '../../packages/plugin-propolis/test/support/illumos-programs.js';
import { itWithOpenApi } from '../../packages/plugin-propolis/test/support/openapi.js';
import type { FakeRequest } from '../../packages/plugin-propolis/src/testing.js';
import { tinyDisk } from '../support/noop-project.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times, which runs many programs. */
const LIMIT = 240_000;

/** A project on a fake illumos host, whose guests are a real sshd. */
class PropolisProject {
  readonly home: VmctlHome;
  readonly illumos: IllumosPrograms;
  readonly #sshd: Sshd;
  readonly #directory: string;

  private constructor(parts: { home: VmctlHome; illumos: IllumosPrograms; sshd: Sshd; directory: string }) {
    this.home = parts.home;
    this.illumos = parts.illumos;
    this.#sshd = parts.sshd;
    this.#directory = parts.directory;
  }

  static async create(): Promise<PropolisProject> {
    const directory = await mkdtemp(join(tmpdir(), 'vmctl-propolis-'));
    const guestBin = join(directory, 'guest-bin');
    await mkdir(guestBin);
    // What a guest does that is told to power off. Its server is the one whose port stands in the file.
    const powerOff = `fetch("http://127.0.0.1:" + require("fs").readFileSync("${directory}/port") + "/fake/power-off", { method: "POST" })`;
    const program = async (name: string, line: string): Promise<void> =>
      writeFile(join(guestBin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    await program('poweroff', `exec ${process.execPath} -e '${powerOff}'`);
    // That of this machine would look for poweroff in directories of its own.
    await program('sudo', '[ "$1" = -n ] && shift\nexec "$@"');
    const sshd = await startSshd({ environment: { PATH: `${guestBin}:/usr/bin:/bin` } });
    const illumos = await makeIllumos(directory);
    illumos.fake.change(({ neighbours }) => {
      // The first MAC addresses that its dladm gives out.
      for (const last of ['01', '02']) neighbours[`02:08:20:0a:00:${last}`] = '127.0.0.1';
    });
    const home = await VmctlHome.create({ plugins: ['plugin-provisioners'] });
    const fixture = join(repositoryRoot, 'test/fixtures/plugin-propolis-on-fakes');
    const linked = await home.vmctl('plugins', 'link', fixture);
    if (linked.code !== 0) throw new Error(`plugins link ${fixture} failed: ${linked.stderr}`);
    await home.write(tinyDisk(), 'disk.img');
    await home.write('#cloud-config\nssh_deletekeys: false\n', 'user-data.yaml');
    return new PropolisProject({ home, illumos, sshd, directory });
  }

  vm(name: string, body: string): string {
    const { user, identityPath } = this.#sshd;
    return `vm "${name}" {
      image "disk.img"
      backend "propolis"
      memory 64
      cloud-init { user-data "user-data.yaml" }
      ssh { user "${user}"; private-key "${identityPath}"; timeout 90 }
      ${body}
    }\n`;
  }

  get env(): Readonly<Record<string, string>> {
    return {
      ...this.illumos.env,
      VMCTL_TEST_SSHD_PORT: String(this.#sshd.port),
      FAKE_PROPOLIS_GREETING: 'the guest begins to boot\n',
      FAKE_PROPOLIS_ECHO: '1',
      FAKE_PROPOLIS_REQUESTS: join(this.#directory, 'requests'),
    };
  }

  vmctl(...args: readonly string[]) {
    return this.start(args).done;
  }

  start(args: readonly string[], options: { readonly input?: string } = {}) {
    return this.home.start(args, { env: this.env, ...options });
  }

  async states(): Promise<Record<string, string>> {
    const { stdout } = await this.vmctl('list', '--json');
    const { vms } = JSON.parse(stdout) as { vms: { name: string; state: string }[] };
    return Object.fromEntries(vms.map(({ name, state }) => [name, state]));
  }

  /** Everything that propolis-servers were asked. */
  async requests(): Promise<readonly FakeRequest[]> {
    const lines = (await readFile(join(this.#directory, 'requests'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  /** From now on `poweroff` in a guest is that of this VM. */
  async powerButtonOf(name: string): Promise<void> {
    // Never those of this machine.
    const look = 'command -v poweroff; command -v sudo';
    const { stdout } = await this.vmctl('exec', name, '--', 'sh', '-c', look);
    const own = ['poweroff', 'sudo'].map((program) => join(this.#directory, 'guest-bin', program));
    if (stdout.trim() !== own.join('\n')) throw new Error(`the guest would run ${stdout}`);
    const { [name]: handle } = await this.home.registry();
    await writeFile(join(this.#directory, 'port'), String(handle?.['propolis_port']));
  }

  async remove(): Promise<void> {
    try {
      const { code, stdout, stderr } = await this.vmctl('destroy', '--all', '--yes');
      if (code !== 0) throw new Error(`destroy failed:\n${stdout}${stderr}`);
    } finally {
      await this.home.remove();
      await this.#sshd.stop();
      await rm(this.#directory, { recursive: true, force: true });
    }
  }
}

describe('VMs of the backend propolis', () => {
  let project: PropolisProject;
  beforeAll(async () => {
    project = await PropolisProject.create();
    await project.home.write('what is uploaded', 'motd');
    await project.home.write(vmfile());
  }, LIMIT);
  afterAll(() => project.remove(), LIMIT);

  /** Two VMs, the one with more as said. */
  function vmfile(more = ''): string {
    const db = project.vm('db', 'disk "2GiB"\nprovision "shell" name="tables" { inline "echo tables made" }');
    const greet = 'provision "shell" name="greet" { inline "echo hello from $(basename $SHELL)" }';
    return `${project.vm('web', `depends-on "db"\n${more}\n${greet}`)}${db}`;
  }

  it(
    'two of them come up from one VMFile, and are provisioned over SSH',
    async () => {
      const { code, stdout, stderr } = await project.vmctl('up');
      expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toMatch(/│ tables made[^]*│ hello from /);
      expect(stdout).toMatch(/✓ web is up and provisioned in /);
      expect(stdout).toContain('propolis (bhyve, API 5.0.0)');
      expect(await project.states()).toEqual({ web: 'running', db: 'running' });
      const { vnics, datasets } = project.illumos.fake.state;
      expect(Object.keys(vnics)).toHaveLength(2);
      expect(datasets['rpool/vmctl/vms/db']?.volsize).toBe(2 * 2 ** 30);
      const conversions = project.illumos.fake.commands.filter((line) => line.startsWith('qemu-img convert'));
      expect(conversions).toHaveLength(1);
    },
    LIMIT,
  );

  it(
    'are as their VMFile says, which leaves firmware and network to the backend',
    async () => {
      const { code, stdout, stderr } = await project.vmctl('plan', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ vms: [{ changes: [] }, { changes: [] }] });
      const { web } = await project.home.registry();
      expect(web).toMatchObject({ uefi: true, network: { type: 'vnic' } });
    },
    LIMIT,
  );

  it(
    'their guests are reached by the address that the ARP table has for the VNIC',
    async () => {
      const { code, stdout } = await project.vmctl('exec', 'web', '--', 'echo', 'in the guest');
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'in the guest\n' });
    },
    LIMIT,
  );

  it(
    'what their guests write to the serial console is in the log',
    async () => {
      expect((await project.vmctl('log', 'web', '--console')).stdout).toContain('the guest begins to boot');
    },
    LIMIT,
  );

  it(
    '16: their consoles take what is typed, and show it to all who watch, from the boot on',
    async () => {
      const watchers = [1, 2].map(() => project.start(['console', 'web', '--read-only', '--replay']));
      await Promise.all(watchers.map((watcher) => watcher.output(/the guest begins to boot/)));
      const typist = project.start(['console', 'web'], { input: 'typed on the console\n' });
      const all = [typist, ...watchers];
      await Promise.all(all.map((command) => command.output(/typed on the console/)));
      for (const { kill } of all) kill('SIGTERM');
      for (const { code } of await Promise.all(all.map(({ done }) => done))) expect(code).toBe(130);
      expect((await project.vmctl('log', 'web', '--console')).stdout).toContain('typed on the console');
      const { stdout } = await project.vmctl('console', 'web', '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        endpoint: {
          kind: 'websocket',
          url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/instance\/serial$/),
          headers: { 'api-version': '5.0.0' },
        },
        holder: null,
      });
    },
    LIMIT,
  );

  it(
    '16: a console that breaks off while the VM runs is an error, and leaves its log whole',
    async () => {
      const { web } = await project.home.registry();
      const command = project.start(['console', 'web'], { input: 'before it broke\n' });
      await command.output(/before it broke/);
      await fetch(`http://127.0.0.1:${Number(web?.['propolis_port'])}/fake/drop-consoles`, {
        method: 'POST',
      });
      expect(await command.done).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/console of web is lost[^]*VMCTL_PROPOLIS_SERIAL/),
      });
      const again = project.start(['console', 'web'], { input: 'after it broke\n' });
      await again.output(/after it broke/);
      again.kill('SIGTERM');
      await again.done;
      const { stdout } = await project.vmctl('log', 'web', '--console');
      expect(stdout.split('before it broke')).toHaveLength(2);
      expect(stdout.split('after it broke')).toHaveLength(2);
    },
    LIMIT,
  );

  it(
    '10: cannot be suspended, which is said',
    async () => {
      const { code, stdout } = await project.vmctl('suspend', 'web', '--json');
      expect(code).toBe(1);
      expect(stdout).toContain('VMCTL_BACKEND_UNSUPPORTED');
      expect(await project.states()).toMatchObject({ web: 'running' });
    },
    LIMIT,
  );

  it(
    '9: are powered off by their guests, asked over SSH, and start again with another process and a larger disk',
    async () => {
      await project.powerButtonOf('web');
      const { web: before } = await project.home.registry();
      const { code, stdout, stderr } = await project.vmctl('stop', 'web');
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout + stderr).not.toContain('by force');
      expect(await project.states()).toEqual({ web: 'stopped', db: 'running' });
      await project.home.write(vmfile('disk "3GiB"'));
      expect(await project.vmctl('up', 'web')).toMatchObject({ code: 0 });
      expect(project.illumos.fake.state.datasets['rpool/vmctl/vms/web']?.volsize).toBe(3 * 2 ** 30);
      const { web: after } = await project.home.registry();
      expect(after?.['pid']).not.toBe(before?.['pid']);
      expect(await project.states()).toEqual({ web: 'running', db: 'running' });
    },
    LIMIT,
  );

  it(
    'leave nothing but the image when they are taken down',
    async () => {
      const { code, stdout, stderr } = await project.vmctl('down', '--destroy');
      expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
      const { vnics, datasets } = project.illumos.fake.state;
      expect(vnics).toEqual({});
      const volumes = Object.entries(datasets).filter(([, { type }]) => type === 'volume');
      expect(volumes.map(([name]) => name)).toEqual([
        expect.stringMatching(/^rpool\/vmctl\/images\/[\da-f]{64}$/),
      ]);
    },
    LIMIT,
  );

  it('2: asked every propolis-server with a version, the console too', async () => {
    const requests = await project.requests();
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(['GET', 'PUT', 'WS']));
    expect(new Set(requests.map(({ headers }) => headers['api-version']))).toEqual(new Set(['5.0.0']));
  });

  itWithOpenApi('1: asked for nothing but what the published document knows', async (document) => {
    const requests = await project.requests();
    expect(requests.flatMap((request) => document.problemsOfRequest(request))).toEqual([]);
  });
});

it(
  '17: the plugin says on this platform that the backend is unsupported, and makes nothing',
  async () => {
    const home = await VmctlHome.create({ plugins: ['plugin-propolis'] });
    try {
      await home.write(tinyDisk(), 'disk.img');
      await home.write('vm "web" { image "disk.img"; backend "propolis" }');
      const { code, stdout, stderr } = await home.vmctl('up');
      expect(code).toBe(1);
      expect(stdout + stderr).toContain(`The backend propolis is unsupported on "${process.platform}"`);
      expect(await readdir(join(home.dataDir, 'vms'))).toEqual([]);
    } finally {
      await home.remove();
    }
  },
  LIMIT,
);

it('nothing in core knows the word propolis beyond the table of platforms', async () => {
  const sources = join(repositoryRoot, 'packages/core/src');
  const found: string[] = [];
  for (const entry of await readdir(sources, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /propolis/i.test(await readFile(path, 'utf8'))) found.push(relative(sources, path));
  }
  expect(found).toEqual(['hypervisor/platforms.ts']);
});
