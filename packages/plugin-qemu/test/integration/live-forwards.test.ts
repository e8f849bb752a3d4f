import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { PortForward, VmHandle } from '@vmctl/core/plugin';
import { readForwards } from '../../src/live-forwards.js';
import { createContext } from '../support/plugin-host.js';
import { describeWith } from '../support/requirements.js';
import { useVmLab } from '../support/vm-lab.js';

describeWith(['qemu'], 'forwards of a QEMU that runs', () => {
  const lab = useVmLab();

  async function forwardTo(guest: number): Promise<PortForward> {
    return { address: '127.0.0.1', host: await lab.host().ports.free(), guest };
  }

  function set(vm: VmHandle, forwards: readonly PortForward[]): Promise<VmHandle> {
    return lab.backend().setForwards(vm, forwards, createContext());
  }

  /** What QEMU itself says that it has, but for SSH. */
  async function present(vm: VmHandle): Promise<PortForward[]> {
    await using monitor = await lab.monitor(vm);
    const said = await monitor.execute('human-monitor-command', { 'command-line': 'info usernet' });
    return readForwards(String(said))
      .filter(({ host }) => host !== vm.ssh_host_port)
      .toSorted((a, b) => a.guest - b.guest);
  }

  it('come and go at once, and SSH keeps its own', async () => {
    const vm = await lab.running();
    const [a, b] = [await forwardTo(80), await forwardTo(81)];
    const first = await set(vm, [a]);
    expect(first.forwards).toEqual([a]);
    expect(await listens(a.host)).toBe(true);
    const second = await set(first, [
      b,
      { ...a, address: '0.0.0.0', host: await lab.host().ports.free(), guest: 82 },
    ]);
    expect(await listens(a.host)).toBe(false);
    expect(await listens(b.host)).toBe(true);
    expect(await present(second)).toEqual([b, expect.objectContaining({ address: '0.0.0.0', guest: 82 })]);
    expect(await listens(vm.ssh_host_port ?? 0)).toBe(true);
    await set(second, []);
    expect(await present(vm)).toEqual([]);
    expect(await listens(vm.ssh_host_port ?? 0)).toBe(true);
  });

  it('are all as before when one of them cannot be had', async () => {
    const old = await forwardTo(80);
    const vm = await set(await lab.running(), [old]);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const taken = { address: '127.0.0.1', host: (server.address() as AddressInfo).port, guest: 82 };
      await expect(set(vm, [await forwardTo(81), taken])).rejects.toMatchObject({
        code: 'VMCTL_PORT_TAKEN',
        message: expect.stringContaining(`Port ${taken.host} of 127.0.0.1`),
      });
    } finally {
      server.close();
    }
    expect(await present(vm)).toEqual([old]);
  });

  it('are set right after a vmctl that was killed before it could write them down', async () => {
    const vm = await lab.running();
    const forward = await forwardTo(80);
    await set(vm, [forward]);
    // The handle from before knows nothing of it.
    expect((await set(vm, [forward])).forwards).toEqual([forward]);
    expect(await present(vm)).toEqual([forward]);
    await set(vm, []);
    expect(await present(vm)).toEqual([]);
  });

  it('are kept for the next start, and set on a VM that does not run', async () => {
    const [a, b] = [await forwardTo(80), await forwardTo(81)];
    const backend = lab.backend();
    const changed = await set(await lab.running(), [a]);
    const stopped = await backend.stop(changed, { timeoutMs: 0 }, createContext());
    const started = await backend.start(await set(stopped, [a, b]), createContext());
    expect(await present(started)).toEqual([a, b]);
  });

  it('are refused where the network has none', async () => {
    const vm = await lab.prepared('web', 'attentive', { network: { type: 'none' } });
    await expect(set(vm, [await forwardTo(80)])).rejects.toMatchObject({ code: 'VMCTL_BACKEND_UNSUPPORTED' });
  });
});

/** Whether something takes connections there. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
