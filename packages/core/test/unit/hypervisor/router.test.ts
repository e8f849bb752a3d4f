import { describe, expect, it } from '@jest/globals';
import type { Hypervisor, HypervisorContext, VmHandle } from '../../../src/hypervisor/contract.js';
import { NoopBackend } from '../../../src/hypervisor/noop-backend.js';
import { RouterHypervisor, type RouterOptions } from '../../../src/hypervisor/router.js';
import { FakeHypervisor } from '../../../src/testing/fake-hypervisor.js';

function router(options: Partial<RouterOptions> = {}): RouterHypervisor {
  return new RouterHypervisor({ platform: 'linux', load: async () => new NoopBackend(), ...options });
}

const handle = { backend: 'of-handle' } as VmHandle; // the choice looks at nothing else

describe('RouterHypervisor.choose', () => {
  it('keeps an existing VM with the backend that made it', () => {
    const chosen = router({ flag: 'of-flag', configured: 'of-config' }).choose({
      handle,
      declared: 'of-vmfile',
    });
    expect(chosen).toBe('of-handle');
  });

  it('takes the VMFile before --backend', () => {
    expect(router({ flag: 'of-flag' }).choose({ declared: 'of-vmfile' })).toBe('of-vmfile');
  });

  it('takes --backend before the configuration', () => {
    expect(router({ flag: 'of-flag', configured: 'of-config' }).choose({})).toBe('of-flag');
  });

  it('takes the configuration before the platform', () => {
    expect(router({ configured: 'of-config' }).choose({})).toBe('of-config');
  });

  it.each([
    ['linux', 'qemu'],
    ['sunos', 'propolis'],
  ] as const)('takes on %s %s', (platform, backend) => {
    expect(router({ platform }).choose({})).toBe(backend);
  });

  it('refuses a platform without a default backend, and says how to name one', () => {
    expect(() => router({ platform: 'win32' }).choose({})).toThrow(
      expect.objectContaining({
        code: 'VMCTL_BACKEND_UNKNOWN_PLATFORM',
        hint: expect.stringContaining('--backend'),
      }),
    );
  });
});

describe('RouterHypervisor', () => {
  it('loads a backend once, even for calls at the same time', async () => {
    const loads: string[] = [];
    const hypervisor = router({
      load: async (name): Promise<Hypervisor> => {
        loads.push(name);
        return new NoopBackend();
      },
    });
    await Promise.all([hypervisor.backend('noop'), hypervisor.backend('noop')]);
    expect(loads).toEqual(['noop']);
  });

  it('loads a backend once for each plugin that VMFiles brought for it', async () => {
    const loads: (string | undefined)[] = [];
    const hypervisor = router({
      load: async (_name, plugin): Promise<Hypervisor> => {
        loads.push(plugin?.path);
        return new NoopBackend();
      },
    });
    const vm = (path?: string) =>
      ({
        backend: 'noop',
        work_dir: '/nowhere',
        ...(path === undefined ? {} : { backend_plugin: { name: 'acme', version: '1.0.0', path } }),
      }) as VmHandle; // nothing else is looked at
    const context = { signal: new AbortController().signal } as HypervisorContext; // noop asks for no more
    for (const path of ['/one', '/two', '/one', undefined]) await hypervisor.state(vm(path), context);
    expect(loads).toEqual(['/one', '/two', undefined]);
    expect(hypervisor.console(vm('/two'))).toMatchObject({
      reason: expect.not.stringContaining('not loaded'),
    });
  });

  it('has no console for a backend that is not loaded, and says so', () => {
    expect(router().console({ backend: 'noop' } as VmHandle)).toEqual({
      kind: 'none',
      reason: 'the backend "noop" is not loaded',
    });
  });
});

describe('RouterHypervisor.inspect', () => {
  const context = { signal: AbortSignal.timeout(10_000) } as HypervisorContext; // the noop backend takes no more

  it('asks the backend of the VM', async () => {
    class Talkative extends NoopBackend {
      override async inspect(vm: VmHandle) {
        return { status: `that of ${vm.backend}`, problems: [] };
      }
    }
    const asked = router({ load: async () => new Talkative() });
    expect(await asked.inspect(handle, context)).toMatchObject({ status: 'that of of-handle' });
  });

  it('has nothing to say of a VM whose backend cannot be asked', async () => {
    // A backend from before there was such a method.
    const backend: Hypervisor = Object.assign(new NoopBackend(), { inspect: undefined });
    const older = router({ load: async () => backend });
    expect(await older.inspect(handle, context)).toBeUndefined();
  });
});

describe('RouterHypervisor.setForwards', () => {
  const context = { signal: AbortSignal.timeout(10_000) } as HypervisorContext; // the noop backend takes no more
  const forwards = [{ address: '127.0.0.1', host: 8080, guest: 80 }];

  it('leaves it to a backend that can', async () => {
    const vm = await router().setForwards(handle, forwards, context);
    expect(vm.forwards).toEqual(forwards);
  });

  it('refuses it for a backend that says nothing of it, with what to do', async () => {
    class Older extends NoopBackend {
      override readonly supports = { ...new NoopBackend().supports, liveForwards: undefined };
    }
    const older = router({ load: async () => new Older() });
    await expect(older.setForwards(handle, forwards, context)).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
      hint: expect.stringContaining('vmctl reload'),
    });
  });
});

describe('RouterHypervisor.growDisk', () => {
  const context = { signal: AbortSignal.timeout(10_000) } as HypervisorContext; // no more is taken

  it('leaves it to a backend that can', async () => {
    const fake = new FakeHypervisor().put(handle.name, 'stopped');
    const vm = await router({ load: async () => fake }).growDisk(handle, 3 * 2 ** 30, context);
    expect(vm.disk_gb).toBe(3);
    expect(fake.calls).toMatchObject([{ method: 'growDisk', state: 'done' }]);
  });

  it('refuses it for a backend that says nothing of it, with what to do', async () => {
    const older = new FakeHypervisor({ supports: { growDisk: undefined } });
    const call = router({ load: async () => older }).growDisk(handle, 3 * 2 ** 30, context);
    await expect(call).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_UNSUPPORTED',
      hint: expect.stringContaining('vmctl reload'),
    });
  });
});
