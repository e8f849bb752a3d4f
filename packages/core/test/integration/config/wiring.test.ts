import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { VmctlEvent } from '../../../src/events/events.js';
import { NoopBackend } from '../../../src/hypervisor/noop-backend.js';
import { Vmctl } from '../../../src/vmctl.js';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();
afterEach(() => {
  jest.restoreAllMocks();
});

/** A disk with a boot sector. */
function disk(): Buffer {
  const bytes = Buffer.alloc(1024 * 1024);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** vmctl as a library in a project with this configuration, and what it does. */
async function project(
  vmfile: string,
  configuration: string,
  options: { readonly backend?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly vmctl: Vmctl; readonly events: VmctlEvent[] }> {
  await at.write({ 'work/project/VMFile.kdl': vmfile, 'work/project/vmctl.config.yaml': configuration });
  await writeFile(join(at.project, 'disk.img'), disk());
  const { backend, env = {} } = options;
  const lookup = at.lookup(env);
  const vmctl = new Vmctl({ ...lookup, backend, configuration: await at.load(env) });
  const events: VmctlEvent[] = [];
  vmctl.subscribe((event) => {
    events.push(event);
  });
  return { vmctl, events };
}

const VM = 'vm "web" { image "disk.img"; backend "noop" }';

describe('the configuration decides', () => {
  it('where VMs are', async () => {
    const { vmctl } = await project(VM, 'dataDir: state');
    await vmctl.up();
    await expect(readdir(join(at.project, 'state'))).resolves.toContain('vms.json');
  });

  it('the backend, after the VMFile and --backend, and before the platform', async () => {
    const anyVm = 'vm "web" { image "disk.img" }';
    const byConfig = await project(anyVm, 'backend: noop');
    await byConfig.vmctl.up();
    await expect(byConfig.vmctl.list()).resolves.toMatchObject([{ name: 'web', backend: 'noop' }]);
    const bothSay = await project('vm "db" { image "disk.img"; backend "noop" }', 'backend: elsewhere');
    await expect(bothSay.vmctl.up()).resolves.toMatchObject({ ok: true });
    const byFlag = await project('vm "api" { image "disk.img" }', 'backend: elsewhere', { backend: 'noop' });
    await expect(byFlag.vmctl.up()).resolves.toMatchObject({ ok: true });
    const wrong = await project('vm "ci" { image "disk.img" }', 'backend: elsewhere');
    await expect(wrong.vmctl.up()).resolves.toMatchObject({
      vms: [{ vm: 'ci', error: { code: 'VMCTL_BACKEND_NOT_INSTALLED' } }],
    });
  });

  it('how many VMs are worked on at a time, unless the operation says it', async () => {
    const names = ['a', 'b', 'c'];
    const vms = names.map((name) => `vm "${name}" { image "disk.img"; backend "noop" }`).join('\n');
    const { vmctl, events } = await project(vms, 'parallel: 1');
    await vmctl.up();
    expect(mostAtOnce(events)).toBe(1);
    events.length = 0;
    await vmctl.reload({ parallel: 3 });
    expect(mostAtOnce(events)).toBe(3);
  });

  it('how long a guest may take to power off, unless the operation says it', async () => {
    const stop = jest.spyOn(NoopBackend.prototype, 'stop');
    const { vmctl } = await project(VM, 'timeouts: { stop: 7 }');
    await vmctl.up();
    await vmctl.restart({ names: ['web'] });
    await vmctl.stop({ names: ['web'] });
    await vmctl.down();
    await vmctl.stop({ names: ['web'], timeoutMs: 1 });
    expect(stop.mock.calls.map(([, { timeoutMs }]) => timeoutMs)).toEqual([7000, 7000, 7000, 1]);
  });

  it('how long a guest is waited for, unless its VMFile says it', async () => {
    const { vmctl } = await project(
      `vm "web" { image "disk.img"; ssh { user "vm" } }
       vm "db" { image "disk.img"; ssh { user "vm"; timeout 9 } }`,
      'timeouts: { ready: 77 }',
    );
    const { vms } = await vmctl.validate();
    expect(vms.map(({ ssh }) => ssh.timeoutSeconds)).toEqual([77, 9]);
  });

  it('how long `wait` waits for a guest to become ready', async () => {
    const { vmctl } = await project(VM, 'backend: noop\ntimeouts: { ready: 1 }', {
      // Nobody listens on this port.
      env: { VMCTL_NOOP_SSH: '127.0.0.1:1' },
    });
    await vmctl.create({ name: 'web', image: 'disk.img', start: true });
    await expect(vmctl.wait({ names: ['web'] })).resolves.toMatchObject({
      vms: [{ vm: 'web', error: { message: expect.stringContaining('web was not ready after') } }],
    });
  });

  it('the bridge of a VM that names none', async () => {
    const { vmctl } = await project(
      'vm "web" { image "disk.img"; network "tap" }\nvm "db" { image "disk.img"; network "tap" { bridge "br1" } }',
      'bridge: lab0',
    );
    const { vms } = await vmctl.validate();
    expect(vms.map(({ network }) => network)).toEqual([
      { type: 'tap', bridge: 'lab0' },
      { type: 'tap', bridge: 'br1' },
    ]);
  });

  it('where images come from', async () => {
    await mkdir(join(at.root, 'mirror'));
    await writeFile(join(at.root, 'mirror/disk.img'), disk());
    const mirror = pathToFileURL(join(at.root, 'mirror')).href;
    const { vmctl } = await project(VM, `images: { mirrors: { "http://127.0.0.1:1/images/": "${mirror}" } }`);
    await expect(vmctl.pullImages({ urls: ['http://127.0.0.1:1/images/disk.img'] })).resolves.toMatchObject([
      { outcome: 'downloaded', image: { url: 'http://127.0.0.1:1/images/disk.img' } },
    ]);
  });
});

describe('a program that uses the library', () => {
  it('has no configuration unless it loads one', async () => {
    await project(VM, 'dataDir: state');
    const env = { VMCTL_DATA_DIR: join(at.root, 'elsewhere'), VMCTL_BACKEND: 'elsewhere' };
    const vmctl = new Vmctl({ cwd: at.project, homeDir: join(at.root, 'home'), env });
    await vmctl.up();
    await expect(readdir(join(at.root, 'home/.local/share/vmctl'))).resolves.toContain('vms.json');
  });
});

/** How many VMs were between their first stage and their end at the same time. */
function mostAtOnce(events: readonly VmctlEvent[]): number {
  const underWay = new Set<string>();
  let most = 0;
  for (const event of events) {
    if (event.type === 'stage.started') underWay.add(event.vm);
    if (event.type === 'vm.finished') underWay.delete(event.vm);
    most = Math.max(most, underWay.size);
  }
  return most;
}
