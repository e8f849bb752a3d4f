import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tinyDisk } from '../support/noop-project.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
afterEach(async () => {
  await home.remove();
}, LIMIT);

describe('vmctl without plugins', () => {
  beforeEach(async () => {
    home = await VmctlHome.create();
    await home.write(tinyDisk(), 'disk.img');
  }, LIMIT);

  it('prints the line that installs the backend', async () => {
    await home.write('vm "web" { image "disk.img" }');
    const { code, stdout } = await home.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toContain('VMCTL_BACKEND_NOT_INSTALLED');
    expect(stdout).toContain('vmctl plugins install @vmctl/plugin-qemu');
  });

  it('points at the step whose type nobody brings, with the line that installs it', async () => {
    await home.write(
      'vm "web" {\n  image "disk.img"\n  cloud-init\n  provision "shell" { inline "true" }\n}\n',
    );
    const { code, stderr } = await home.vmctl('validate');
    expect(code).toBe(2);
    expect(stderr).toContain('VMFile.kdl:4:');
    expect(stderr).toContain('vmctl plugins install @vmctl/plugin-provisioners');
  });

  it('boots with the noop backend', async () => {
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    expect(await home.vmctl('up')).toMatchObject({ code: 0 });
    expect((await home.vmctl('list')).stdout).toMatch(/web +running +noop/);
  });

  it.each([
    ['list', /No VMs/],
    ['--help', /Boot and provision/],
    ['version', /@vmctl\/core/],
    ['plugins', /./],
  ])('answers %s', async (command, pattern) => {
    const { code, stdout } = await home.vmctl(command);
    expect(code).toBe(0);
    expect(stdout).toMatch(pattern);
  });

  it('has no VMFile to read, and says how to make one', async () => {
    const { code, stderr } = await home.vmctl('up');
    expect(code).toBe(2);
    expect(stderr).toContain('VMCTL_VMFILE_NOT_FOUND');
  });

  it('reports every problem of a VMFile at once', async () => {
    await home.write('vm "../x" {\n  image "disk.img"\n  vcpus 0\n  memroy 512\n}\n');
    const { code, stderr } = await home.vmctl('up');
    expect(code).toBe(2);
    expect(stderr).toContain('VMFile.kdl:1:');
    expect(stderr).toContain('VMFile.kdl:3:');
    expect(stderr).toContain('VMFile.kdl:4:');
    expect(stderr).toMatch(/did you mean "?memory/i);
  });

  it('reads a VMFile from a pipe of the shell, and waits for none that is in a directory', async () => {
    await home.write('vm "web" { image "disk.img"; backend "noop" }', 'lab.kdl');
    const vmctl = [process.execPath, join(repositoryRoot, 'packages/core/bin/run.js')];
    const piped = ['-c', 'cat lab.kdl | "$@" --file /dev/stdin', 'sh', ...vmctl, 'validate'];
    const { stdout } = await promisify(execFile)('sh', piped, { cwd: home.project, env: home.env });
    expect(stdout).toBe('/dev/stdin is valid: 1 VM (web).\n');

    await promisify(execFile)('mkfifo', ['VMFile.kdl'], { cwd: home.project });
    const { code, stderr } = await home.vmctl('validate');
    expect(code).toBe(2);
    expect(stderr).toContain(`${join(home.project, 'VMFile.kdl')} is a named pipe, and no VMFile.`);
    expect(stderr).toContain('--file /dev/stdin');
  });

  it('suggests the near name for a wrong one', async () => {
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    for (const words of [['wbe'], ['--name', 'wbe']]) {
      const { code, stderr } = await home.vmctl('up', ...words);
      expect(code).toBe(2);
      expect(stderr).toContain('Did you mean "web"?');
    }
  });

  it('keeps a corrupt vms.json aside and goes on', async () => {
    await mkdir(home.dataDir, { recursive: true });
    await writeFile(join(home.dataDir, 'vms.json'), '{ "web": tru');
    await home.write('vm "db" { image "disk.img"; backend "noop" }');
    const listed = await home.vmctl('list');
    expect(listed.stderr).toContain('vms.json');
    expect(await readFile(join(home.dataDir, 'vms.json'), 'utf8')).toBe('{ "web": tru');
    expect(await home.vmctl('up')).toMatchObject({ code: 0 });
    const [aside] = (await readdir(home.dataDir)).filter((name) => name.startsWith('vms.json.corrupt-'));
    expect(await readFile(join(home.dataDir, aside ?? ''), 'utf8')).toBe('{ "web": tru');
  });

  it('never removes a work directory that it does not know', async () => {
    await mkdir(home.workDir('web'), { recursive: true });
    await writeFile(join(home.workDir('web'), 'overlay.qcow2'), 'precious');
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    const { code, stdout } = await home.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toContain('VMCTL_WORKDIR_UNREGISTERED');
    expect(await readFile(join(home.workDir('web'), 'overlay.qcow2'), 'utf8')).toBe('precious');
  });

  it('says what is wrong with a data directory that is a file', async () => {
    await mkdir(join(home.dataDir, '..'), { recursive: true });
    await writeFile(home.dataDir, 'not a directory');
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    const { code, stderr } = await home.vmctl('up');
    expect(code).not.toBe(0);
    expect(stderr).toContain(home.dataDir);
    await rm(home.dataDir);
  });

  it.each([
    ['a missing image', 'image "nowhere.img"', 'VMCTL_IMAGE_NOT_FOUND'],
    ['a directory', 'image "."', 'VMCTL_IMAGE_INVALID'],
    ['a text file', 'image "VMFile.kdl"', 'VMCTL_IMAGE_INVALID'],
    ['a checksum that differs', `image-url "file:disk.img" sha256="${'0'.repeat(64)}"`, 'VMCTL_IMAGE_'],
    ['a public key that is missing', 'image "disk.img"\n cloud-init { ssh-key "no.pub" }', 'no.pub'],
    [
      'user-data that is missing',
      'image "disk.img"\n cloud-init { user-data "no.yaml" }',
      'VMCTL_FILE_NOT_FOUND',
    ],
  ])('fails in the first stage for %s, and keeps nothing', async (_what, body, said) => {
    await home.write(`vm "web" { backend "noop"\n ${body.replace('file:', `file://${home.project}/`)}\n}`);
    const { code, stdout } = await home.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toContain('✗ web failed in image');
    expect(stdout).toContain(said);
    expect(await home.json('list')).toEqual({ vms: [] });
  });

  it('gives events as JSON lines, with the outcome last', async () => {
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    const { code, stdout } = await home.vmctl('up', '--json');
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line): { type: string } => JSON.parse(line));
    expect(events[0]?.type).toBe('run.started');
    expect(events.at(-1)).toMatchObject({
      type: 'run.finished',
      ok: true,
      vms: [{ vm: 'web', outcome: 'up' }],
    });
  });

  it('gives an error as one JSON line', async () => {
    const { code, stdout } = await home.vmctl('up', '--json', '--file', 'nowhere.kdl');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'error', error: { code: 'VMCTL_VMFILE_NOT_FOUND' } });
  });

  it('stops and removes VMs whose steps cannot be read any more', async () => {
    const vm = 'vm "web" { image "disk.img"; backend "noop"; cloud-init';
    await home.write(`${vm} }`);
    expect(await home.vmctl('up')).toMatchObject({ code: 0 });
    await home.write(`${vm}; provision "unheard-of" { mystery 1 } }`);
    expect(await home.vmctl('validate')).toMatchObject({ code: 2 });
    expect(await home.vmctl('down', '--destroy')).toMatchObject({ code: 0 });
  });

  it('lets independent VMs go on when one fails', async () => {
    await home.write(`
      vm "good" { image "disk.img"; backend "noop" }
      vm "bad" { image "nowhere.img"; backend "noop" }
      vm "after-bad" { image "disk.img"; backend "noop"; depends-on "bad" }
    `);
    const { code, stdout } = await home.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✓ good is up/);
    expect(stdout).toMatch(/✗ bad failed in image/);
    expect(stdout).toMatch(/- after-bad not started/);
  });
});

describe('vmctl with odd state', () => {
  beforeEach(async () => {
    home = await VmctlHome.create();
    await home.write(tinyDisk(), 'disk.img');
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    expect(await home.vmctl('up')).toMatchObject({ code: 0 });
  }, LIMIT);

  it('refuses to destroy everything when vms.json cannot be read', async () => {
    const path = join(home.dataDir, 'vms.json');
    const good = await readFile(path);
    await writeFile(path, '{ "web": {');
    const { code, stderr } = await home.vmctl('destroy', '--all', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('VMCTL_REGISTRY_CORRUPT');
    expect(await home.vmctl('doctor')).toMatchObject({ code: 3 });
    await writeFile(path, good);
    expect((await home.vmctl('list')).stdout).toMatch(/web +running/);
  });

  it('never destroys a VM through an entry that names its work directory', async () => {
    const path = join(home.dataDir, 'vms.json');
    const { web } = await home.registry();
    await writeFile(path, JSON.stringify({ web, twin: { ...web, name: 'twin' } }));
    expect(await home.vmctl('destroy', 'twin', '--yes')).toMatchObject({ code: 1 });
    expect((await home.vmctl('list')).stdout).toMatch(/web +running/);
    await writeFile(path, JSON.stringify({ web }));
  });

  it('leaves a work directory alone that is not where it belongs', async () => {
    const path = join(home.dataDir, 'vms.json');
    const { web } = await home.registry();
    const elsewhere = join(home.root, 'precious');
    await mkdir(elsewhere);
    await writeFile(path, JSON.stringify({ web, odd: { ...web, name: 'odd', work_dir: elsewhere } }));
    const { code, stdout } = await home.vmctl('destroy', 'odd', '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain('was not removed');
    expect(await readdir(home.root)).toContain('precious');
  });

  it('destroys what a killed run left half made, by name and with --all', async () => {
    for (const names of [['half'], ['--all']]) {
      await mkdir(home.workDir('half'));
      await writeFile(join(home.workDir('half'), '.preparing'), '');
      expect(await home.vmctl('destroy', ...names, '--yes')).toMatchObject({ code: 0 });
      expect(await readdir(`${home.dataDir}/vms`)).not.toContain('half');
    }
  });

  it('shows no entry whose name could give orders to the terminal', async () => {
    const { web } = await home.registry();
    const odd = { '../\u001b[31mred\nfake': { ...web, work_dir: '/tmp/x' }, web };
    await writeFile(join(home.dataDir, 'vms.json'), JSON.stringify(odd));
    const { stdout } = await home.vmctl('list');
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it.each([['list'], ['log web'], ['status'], ['up --help'], ['--help']])(
    '%s ends quietly when its reader goes away',
    async (command) => {
      await writeFile(join(home.workDir('web'), 'console.log'), 'a line of the console\n'.repeat(50_000));
      const words = command.split(' ');
      const { code, stderr } = await home.start(words, { closeOutput: true }).done;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );
});

describe('vmctl with the QEMU plugin, on a machine without programs', () => {
  beforeEach(async () => {
    home = await VmctlHome.create({ plugins: ['plugin-qemu'] });
    await home.write(tinyDisk(), 'disk.img');
    await home.write('vm "web" { image "disk.img" }');
  }, LIMIT);

  it('names the packages of a missing qemu and a missing qemu-img', async () => {
    const empty = join(home.root, 'bin');
    await mkdir(empty);
    const { code, stdout } = await home.start(['up'], { env: { PATH: empty } }).done;
    expect(code).toBe(1);
    expect(stdout).toMatch(/apt-get install (-y )?qemu-system-x86/);
    await symlink('/usr/bin/qemu-system-x86_64', join(empty, 'qemu-system-x86_64'));
    const again = await home.start(['up'], { env: { PATH: empty } }).done;
    expect(again.stdout).toMatch(/apt-get install (-y )?qemu-utils/);
  });

  it('names the package of the missing ssh', async () => {
    await home.write('vm "web" { image "disk.img"; backend "noop" }');
    const env = { VMCTL_NOOP_SSH: '127.0.0.1:1' };
    expect(await home.start(['up'], { env }).done).toMatchObject({ code: 0 });
    const { code, stderr } = await home.start(['ssh', 'web'], {
      env: { ...env, PATH: join(home.root, 'bin') },
    }).done;
    expect(code).toBe(255);
    expect(stderr).toContain('apt-get install openssh-client');
  });
});
