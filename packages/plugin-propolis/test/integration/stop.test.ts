import { describe, expect, it } from '@jest/globals';
import type { VmHandle } from '@vmctl/core/plugin';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contextOf, useIllumosLab } from '../support/illumos-lab.js';

const lab = useIllumosLab();

async function stateOf(vm: VmHandle): Promise<string> {
  return (await lab.backend().state(vm, contextOf())).name;
}

/** How many requests this process sends meanwhile; the recorder of a guest's console, a process of its own, asks too. */
async function requestsDuring(action: () => Promise<unknown>): Promise<number> {
  let sent = 0;
  const count = (): void => {
    sent += 1;
  };
  subscribe('http.client.request.start', count);
  try {
    await action();
  } finally {
    unsubscribe('http.client.request.start', count);
  }
  return sent;
}

describe('9: stop', () => {
  it('asks the guest over SSH to power off, and does not use Stop on one that does', async () => {
    const vm = await lab.running();
    const context = contextOf();
    const asked: string[] = [];
    const powerOff = async (): Promise<void> => {
      asked.push(await stateOf(vm));
      await lab.tell(vm, 'power-off');
    };
    const stopped = await lab.backend().stop(vm, { timeoutMs: 60_000, powerOff }, context);
    expect(asked).toEqual(['running']);
    expect(context.seen).toEqual([]);
    expect(stopped.pid).toBeNull();
    expect(await stateOf(stopped)).toBe('stopped');
  });

  it('is there when the guest is off, although its SSH server never answered', async () => {
    const vm = await lab.running();
    const context = contextOf();
    let given: AbortSignal | undefined;
    const powerOff = async (signal: AbortSignal): Promise<void> => {
      given = signal;
      await lab.tell(vm, 'power-off');
      // The connection hangs, as one does whose other side has lost its power.
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    await lab.backend().stop(vm, { timeoutMs: 60_000, powerOff }, context);
    expect(context.seen).toEqual([]);
    expect(given?.aborted).toBe(true);
  });

  it('uses Stop at the time-out, and says so', async () => {
    const vm = await lab.running();
    const context = contextOf();
    const stopped = await lab
      .backend()
      .stop(vm, { timeoutMs: 100, powerOff: async () => undefined }, context);
    expect(await stateOf(stopped)).toBe('stopped');
    expect(context.seen).toMatchObject([
      { type: 'warning', code: 'VMCTL_PROPOLIS_FORCED_OFF', message: expect.stringContaining('within') },
    ]);
  });

  it('uses Stop at once on a guest that cannot be asked, and says why', async () => {
    const vm = await lab.running();
    const context = contextOf();
    const powerOff = async (): Promise<void> => {
      throw new Error('no key fits.');
    };
    await lab.backend().stop(vm, { timeoutMs: 600_000, powerOff }, context);
    expect(context.seen).toMatchObject([{ message: expect.stringContaining('(no key fits)') }]);
  });

  it('does not ask when it is to be at once', async () => {
    const vm = await lab.running();
    let asked = false;
    const powerOff = async (): Promise<void> => {
      asked = true;
    };
    await lab.backend().stop(vm, { timeoutMs: 0, powerOff }, contextOf());
    expect(asked).toBe(false);
    expect(await stateOf(vm)).toBe('stopped');
  });

  it('uses Stop also on a server that is too slow to say how it is', async () => {
    const asked = join(lab.root, 'requests');
    const backend = lab.backend({}, { env: { FAKE_PROPOLIS_REQUESTS: asked } });
    const vm = await backend.start(await lab.prepared(), contextOf());
    await lab.tell(vm, 'fault', JSON.stringify({ step: 'get', kind: 'hang', times: 100 }));
    await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
    expect(await stateOf(vm)).toBe('stopped');
    // To end its process alone would leave the kernel's VM.
    const requests = (await readFile(asked, 'utf8')).trimEnd().split('\n');
    const stop = requests.findIndex((line) => line.includes(JSON.stringify('"Stop"')));
    expect(stop).toBeGreaterThan(0);
    // And to end it before its VM is run down would as well.
    expect(requests.slice(stop).some((line) => line.includes('/instance/state-monitor'))).toBe(true);
  });

  it('is idempotent', async () => {
    let vm = await lab.running();
    for (let times = 0; times < 3; times += 1) {
      vm = await lab.backend().stop(vm, { timeoutMs: 0 }, contextOf());
      expect(vm.pid).toBeNull();
    }
    expect(await lab.backend().state(vm, contextOf())).toEqual({ name: 'stopped' });
    // Nothing of the boot is left but what the guest has written.
    expect((await readdir(vm.work_dir)).toSorted()).toEqual(['console.log', 'propolis.json', 'seed.iso']);
    await lab.backend().destroy(vm, contextOf());
    expect(await readdir(vm.work_dir)).toEqual(['seed.iso']);
  });
});

it.each(['suspend', 'resume'] as const)(
  '10: %s is refused with the typed error, without any request',
  async (verb) => {
    const vm = await lab.running();
    const commands = lab.fake.commands.length;
    const refused = async (): Promise<void> =>
      expect(lab.backend()[verb](vm)).rejects.toMatchObject({ code: 'VMCTL_BACKEND_UNSUPPORTED' });
    expect(await requestsDuring(refused)).toBe(0);
    expect(await requestsDuring(async () => stateOf(vm))).toBe(1);
    expect(lab.fake.commands).toHaveLength(commands);
  },
);

describe('11: while Migrating', () => {
  it.each(['destroy', 'stop'] as const)('%s waits until it is over', async (verb) => {
    const vm = await lab.running();
    await lab.tell(vm, 'start-migration');
    const { promise: waiting, resolve } = Promise.withResolvers<void>();
    const { log } = lab.host();
    const backend = lab.backend({ patience: { migrationMs: 60_000 } }, { log });
    const done =
      verb === 'stop' ? backend.stop(vm, { timeoutMs: 0 }, contextOf()) : backend.destroy(vm, contextOf());
    void done.finally(resolve);
    expect(await stateOf(vm)).toBe('running');
    await lab.tell(vm, 'end-migration');
    await done;
    await waiting;
    expect(await stateOf(vm)).toBe(verb === 'stop' ? 'stopped' : 'destroyed');
  });

  it.each(['destroy', 'stop'] as const)(
    '%s refuses when that takes too long, and changes nothing',
    async (verb) => {
      const vm = await lab.running();
      await lab.tell(vm, 'start-migration');
      const before = await lab.inventory();
      const backend = lab.backend({ patience: { migrationMs: 50 } });
      const done =
        verb === 'stop' ? backend.stop(vm, { timeoutMs: 0 }, contextOf()) : backend.destroy(vm, contextOf());
      await expect(done).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_MIGRATING' });
      expect(await lab.inventory()).toEqual(before);
      await lab.tell(vm, 'end-migration');
      expect(await stateOf(vm)).toBe('running');
    },
  );
});
