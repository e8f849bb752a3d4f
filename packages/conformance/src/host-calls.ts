import type { PluginHost } from '@vmctl/core/plugin';

/** What shall happen at one call of the host. */
interface Plan {
  /** Counted from 1. */
  readonly at: number;
  readonly act: (call: string) => void;
}

/** Stands for whatever can go wrong on a host. */
export class InjectedFault extends Error {
  constructor(call: string) {
    super(`the conformance kit lets ${call} fail`);
    this.name = 'InjectedFault';
  }
}

/**
 * Counts the calls of a host that touch the machine (`exec`, `disks`, `ports`, `sockets`, `files`), and does something
 * at one of them. Looking at processes does not count: a backend may look as often as it likes.
 */
export class HostCalls {
  #names: string[] = [];
  #plan: Plan | undefined;

  /** The calls since {@link reset}, in order: `disks.createOverlay`. */
  get names(): readonly string[] {
    return this.#names;
  }

  reset(): void {
    this.#names = [];
    this.#plan = undefined;
  }

  /** From now on calls are only counted: what follows an operation is none of its faults. */
  disarm(): void {
    this.#plan = undefined;
  }

  /** From now on the n-th call throws; the error is in `thrown` once it was reached. */
  failAt(n: number): { thrown: InjectedFault | undefined } {
    this.reset();
    const fault: { thrown: InjectedFault | undefined } = { thrown: undefined };
    this.#plan = {
      at: n,
      act: (call) => {
        fault.thrown = new InjectedFault(call);
        throw fault.thrown;
      },
    };
    return fault;
  }

  /** From now on the n-th call aborts first; says whether it was reached. */
  abortAt(n: number, controller: AbortController, reason: Error): { reached: boolean } {
    this.reset();
    const state = { reached: false };
    this.#plan = {
      at: n,
      act: () => {
        state.reached = true;
        controller.abort(reason);
      },
    };
    return state;
  }

  /** The same host, with its calls counted. */
  watch(host: PluginHost): PluginHost {
    const { disks, ports, sockets, files } = host;
    // Each is async, so that a fault is a rejection and never thrown at the call itself.
    return Object.freeze<PluginHost>({
      ...host,
      exec: async (file, args, options) => {
        this.#count(`exec ${file}`);
        return host.exec(file, args, options);
      },
      disks: {
        inspect: async (...args) => {
          this.#count('disks.inspect');
          return disks.inspect(...args);
        },
        createOverlay: async (...args) => {
          this.#count('disks.createOverlay');
          return disks.createOverlay(...args);
        },
      },
      ports: {
        free: async (...args) => {
          this.#count('ports.free');
          return ports.free(...args);
        },
      },
      sockets: {
        shortPath: async (...args) => {
          this.#count('sockets.shortPath');
          return sockets.shortPath(...args);
        },
      },
      files: {
        writeAtomic: async (...args) => {
          this.#count('files.writeAtomic');
          return files.writeAtomic(...args);
        },
      },
    });
  }

  #count(call: string): void {
    this.#names.push(call);
    if (this.#plan?.at === this.#names.length) this.#plan.act(call);
  }
}
