import type {
  Hypervisor,
  PluginHost,
  VmctlEventBody,
  VmctlPlugin,
  VmHandle,
  VmSpec,
} from '@vmctl/core/plugin';

/** Where the backend comes from: a plugin's entry, applied to a host as vmctl does it, or whatever makes one. */
export type HypervisorSource =
  | {
      readonly plugin: VmctlPlugin;
      /** The name that the plugin taps: `qemu`. */
      readonly backend: string;
    }
  | {
      /** Makes a new instance. Called several times a check: a backend keeps no state between calls. */
      readonly create: (host: PluginHost) => Hypervisor | Promise<Hypervisor>;
    };

/** A guest that reacts to its power button. */
export interface AttentiveGuest {
  /** Resolves when the guest of that VM would react. */
  ready(vm: VmHandle): Promise<void>;
  /** Tells it over SSH to power off, as vmctl would; for a backend that has no other way to ask. */
  powerOff?(vm: VmHandle, signal: AbortSignal): Promise<void>;
  /** How long it may take to power off, in milliseconds. */
  readonly powerOffMs: number;
  /** Whether the guest ended by itself; without it, that `stop` did not warn has to do. */
  poweredOff?(vm: VmHandle, events: readonly VmctlEventBody[]): boolean | Promise<boolean>;
}

/** A place inside of the backend that can be made to fail, for backends whose work does not go through the host. */
export interface FaultPoint {
  /** For the message of a check that fails: `the database is locked`. */
  readonly name: string;
  /** The operation that comes by. */
  readonly during: 'prepare' | 'start';
  /** From now on the place throws `error`, once; returns what mends it when it was not reached. */
  arm(error: Error): () => void;
}

/** A backend, and what the kit has to know to try it. Only where it comes from is required. */
export type HypervisorSubject = HypervisorSource & {
  /** How the tests are headed. Default: the backend's name. */
  readonly title?: string;
  /**
   * Makes the image of the VMs in that directory, for each check anew. Default: an empty raw disk of 1 MiB, which is
   * enough for a backend that starts a machine without waiting for its guest.
   */
  image?(directory: string): Promise<VmSpec['image']>;
  /** What VMs shall be like; by default 1 vCPU, 64 MiB, BIOS, and the first network that the backend supports. */
  readonly spec?: Partial<Pick<VmSpec, 'vcpus' | 'memoryMb' | 'firmware' | 'network' | 'diskBytes'>>;
  /** The environment that the backend sees. Default: that of this process, without `VMCTL_…`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Makes the host that the backend is given, with its directories below `directory`. Default: the real one, as
   * vmctl makes it. The kit wraps it to count calls, and to let them fail.
   */
  createHost?(directory: string): PluginHost;
  /**
   * What the backend has on this host outside of the work directories: processes, datasets, bridges; one line each.
   * A check fails when something is left after its VMs were destroyed. `directory` holds all VMs of the check.
   */
  inventory?(directory: string): Promise<readonly string[]>;
  /** Ends the VM from outside, as `kill -9` or the host would, and resolves when it has ended. */
  crash?(vm: VmHandle): Promise<void>;
  /** Without it, that `stop` asks the guest first is not checked. */
  readonly guest?: AttentiveGuest;
  /**
   * False for a backend that makes and starts VMs without `exec`, `disks`, `ports`, `sockets` and `files` of its host.
   * Their failures cannot be tried then; see `faultPoints`. Default true.
   */
  readonly usesHost?: boolean;
  readonly faultPoints?: readonly FaultPoint[];
  /** How long one call may take before the check counts it as hanging, in milliseconds. Default 30,000. */
  readonly callMs?: number;
};
