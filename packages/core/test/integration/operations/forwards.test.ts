import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createPorts } from '../../../src/host/ports.js';
import type { Vmctl } from '../../../src/vmctl.js';
import { useNoopLibrary } from '../../support/noop-library.js';

const library = useNoopLibrary();
const LOOPBACK = '127.0.0.1';

async function web(lines = ''): Promise<Vmctl> {
  await library.write({ web: `network "user" { ${lines} }` });
  const { vmctl } = library.open();
  expect(await vmctl.up()).toMatchObject({ ok: true });
  return vmctl;
}

function add(vmctl: Vmctl, host: number, guest: number, address = LOOPBACK) {
  return vmctl.addForward({ name: 'web', forward: { address, host, guest } });
}

function remove(vmctl: Vmctl, host: number) {
  return vmctl.removeForward({ name: 'web', forward: { host, address: undefined, guest: undefined } });
}

/** What is forwarded, as `guest use`; the ports of the host are up to the machine. */
async function forwards(vmctl: Vmctl): Promise<string[]> {
  const ports = await vmctl.ports({ names: ['web'] });
  return ports.filter(({ use }) => use !== 'ssh').map(({ guest, use }) => `${guest} ${use}`);
}

describe('addForward', () => {
  it('adds a forward to a running VM, and says that it counts now', async () => {
    const vmctl = await web();
    const host = await createPorts().free();
    expect(await add(vmctl, host, 80)).toEqual({
      vm: 'web',
      forward: { address: LOOPBACK, host, guest: 80 },
      changed: true,
      live: true,
      declared: false,
    });
    expect(await forwards(vmctl)).toEqual(['80 added']);
  });

  it('takes any free port for 0, and the same one again', async () => {
    const vmctl = await web();
    const first = await add(vmctl, 0, 80);
    expect(first.forward.host).toBeGreaterThan(1024);
    expect(await add(vmctl, 0, 80)).toEqual({ ...first, changed: false });
    expect(await forwards(vmctl)).toEqual(['80 added']);
  });

  it('refuses a port that leads elsewhere in the VM already', async () => {
    const vmctl = await web();
    const { forward } = await add(vmctl, 0, 80);
    for (const address of [LOOPBACK, '0.0.0.0']) {
      await expect(add(vmctl, forward.host, 81, address)).rejects.toMatchObject({
        code: 'VMCTL_PORT_TAKEN',
        hint: expect.stringContaining(`vmctl forward remove web ${forward.host}`),
      });
    }
    const [ssh] = await vmctl.ports();
    await expect(add(vmctl, ssh?.host ?? 0, 81)).rejects.toMatchObject({ code: 'VMCTL_PORT_TAKEN' });
  });

  it('refuses a port of another program also for a VM that does not run', async () => {
    const vmctl = await web();
    await vmctl.stop({ names: ['web'] });
    const server = createServer().listen(0, LOOPBACK);
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      await expect(add(vmctl, port, 80)).rejects.toMatchObject({ code: 'VMCTL_PORT_TAKEN' });
    } finally {
      server.close();
    }
    expect(await add(vmctl, 0, 80)).toMatchObject({ live: false });
  });

  it('is kept when the VM starts again, with start and with up', async () => {
    const vmctl = await web('forward host=0 guest=8000');
    const { forward } = await add(vmctl, 0, 80);
    await vmctl.stop({ names: ['web'] });
    await vmctl.start({ names: ['web'] });
    expect(await forwards(vmctl)).toEqual(['8000 declared', '80 added']);
    await vmctl.stop({ names: ['web'] });
    await vmctl.up();
    expect(await forwards(vmctl)).toEqual(['8000 declared', '80 added']);
    expect((await vmctl.ports()).map(({ host }) => host)).toContain(forward.host);
  });

  it('gives way when the VMFile comes to say what the port is for', async () => {
    const vmctl = await web();
    const { forward } = await add(vmctl, 0, 80);
    await vmctl.stop({ names: ['web'] });
    await library.write({ web: `network "user" { forward host=${forward.host} guest=81 }` });
    await vmctl.up();
    expect(await forwards(vmctl)).toEqual(['81 declared']);
  });

  it('knows only VMs that are there', async () => {
    const { vmctl } = library.open();
    await expect(add(vmctl, 0, 80)).rejects.toMatchObject({ code: 'VMCTL_VM_UNKNOWN' });
  });
});

describe('removeForward', () => {
  it('takes an added forward away for good', async () => {
    const vmctl = await web();
    const { forward } = await add(vmctl, 0, 80);
    expect(await remove(vmctl, forward.host)).toMatchObject({ forward, declared: false });
    expect(await forwards(vmctl)).toEqual([]);
    await vmctl.stop({ names: ['web'] });
    await vmctl.up();
    expect(await forwards(vmctl)).toEqual([]);
  });

  it('says that a forward of the VMFile will come back, which `up` does', async () => {
    const vmctl = await web('forward host=0 guest=8000');
    const declared = (await vmctl.ports()).find(({ guest }) => guest === 8000);
    expect(await remove(vmctl, declared?.host ?? 0)).toMatchObject({ declared: true });
    await vmctl.stop({ names: ['web'] });
    await vmctl.start({ names: ['web'] });
    expect(await forwards(vmctl)).toEqual([]);
    await vmctl.stop({ names: ['web'] });
    await vmctl.up();
    expect(await forwards(vmctl)).toEqual(['8000 declared']);
  });

  it('names what there is when there is no such forward, and keeps the way of SSH', async () => {
    const vmctl = await web();
    const { forward } = await add(vmctl, 0, 80);
    await expect(remove(vmctl, 9)).rejects.toMatchObject({
      code: 'VMCTL_FORWARD_UNKNOWN',
      hint: expect.stringContaining(`${forward.host} -> 80`),
    });
    const ssh = (await vmctl.ports()).find(({ use }) => use === 'ssh');
    await expect(remove(vmctl, ssh?.host ?? 0)).rejects.toMatchObject({
      code: 'VMCTL_FORWARD_UNKNOWN',
      message: expect.stringContaining('SSH server'),
    });
  });
});
