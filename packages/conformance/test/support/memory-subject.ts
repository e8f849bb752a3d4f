import { writeFile } from 'node:fs/promises';
import type { PluginHost } from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import type { HypervisorSubject } from '../../src/hypervisor/subject.ts';
import { MemoryBackend } from './memory-backend.ts';
import { MemoryEngine } from './memory-engine.ts';

/** Makes a backend for a host, with what outlives it. */
export type MemoryFactory = (host: PluginHost, engine: MemoryEngine) => MemoryBackend;

/**
 * The in-memory backend as the kit is told of it: with all that a subject can offer.
 *
 * @param callMs - for a backend that hangs: how soon that is found out
 */
export function memorySubject(
  create: MemoryFactory = (host, engine) => new MemoryBackend(host, engine),
  callMs?: number,
): HypervisorSubject {
  const engine = new MemoryEngine();
  return {
    create: (host) => create(host, engine),
    // Files need not outlive the machine, and a disk that others write to may take seconds for that.
    createHost: (directory) => ({
      ...createRealHost({ directory }),
      files: { writeAtomic: (path, content, mode = 0o600) => writeFile(path, content, { mode }) },
    }),
    inventory: async (directory) => engine.inventory(directory),
    crash: (vm) => engine.kill(vm.id),
    guest: {
      ready: async () => undefined,
      powerOffMs: 5_000,
      poweredOff: (vm) => engine.machines.get(vm.id)?.ended === 'by itself',
    },
    faultPoints: (['prepare', 'start'] as const).map((during) => ({
      name: `the engine fails in ${during}`,
      during,
      arm: (error) => {
        engine.fault = { during, error };
        return () => {
          engine.fault = undefined;
        };
      },
    })),
    ...(callMs === undefined ? {} : { callMs }),
  };
}
