import type { PluginHost } from '@vmctl/core/plugin';
import type { HypervisorSubject } from '../../src/hypervisor/subject.ts';
import { MemoryBackend } from './memory-backend.ts';
import { MemoryEngine } from './memory-engine.ts';

/** Makes a backend for a host, with what outlives it. */
export type MemoryFactory = (host: PluginHost, engine: MemoryEngine) => MemoryBackend;

/** The in-memory backend as the kit is told of it: with all that a subject can offer. */
export function memorySubject(
  create: MemoryFactory = (host, engine) => new MemoryBackend(host, engine),
): HypervisorSubject {
  const engine = new MemoryEngine();
  return {
    create: (host) => create(host, engine),
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
    // Nothing takes long here; what hangs is found out soon.
    callMs: 2_000,
  };
}
