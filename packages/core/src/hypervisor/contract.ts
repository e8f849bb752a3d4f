import type { EventSink } from '../events/events.js';
import type { Logger } from '../host/logger.js';
import type { DiskFormat } from '../images/contract.js';

/** Observed, never remembered. */
export const VM_STATES = [
  'preparing',
  'prepared',
  'running',
  'suspended',
  'stopped',
  'failed',
  'destroyed',
] as const;
export type VmStateName = (typeof VM_STATES)[number];

/** What a backend sees when it looks at a VM. */
export interface VmState {
  readonly name: VmStateName;
  /** More for people: `paused (io-error)`. */
  readonly detail?: string | undefined;
  readonly pid?: number | undefined;
}

/** How a guest is connected, as vms.json has it. */
export type NetworkConfig =
  | { readonly type: 'user' }
  | { readonly type: 'tap'; readonly bridge: string }
  | { readonly type: 'vnic'; readonly name?: string | undefined }
  | { readonly type: 'none' };
export type NetworkType = NetworkConfig['type'];

/** A TCP port of the host that leads to one of the guest. */
export interface PortForward {
  /** Host address, by default 127.0.0.1. */
  readonly address: string;
  /** Host port, 0 in a definition for "any free one". */
  readonly host: number;
  readonly guest: number;
}

/** What a VM shall be: everything is resolved, nothing exists yet but the work directory. */
export interface VmSpec {
  /** `<backend>-<uuid>`; also the cloud-init instance id. The same for the life of the VM. */
  readonly id: string;
  readonly name: string;
  /** The backend that was chosen for it. */
  readonly backend: string;
  /** Absolute, exists, mode 0700, empty but for the files named here. */
  readonly workDir: string;
  readonly image: { readonly path: string; readonly format: DiskFormat; readonly virtualSize: number };
  /** Wanted size of the guest's disk in bytes, never below the image's; undefined: as large as the image. */
  readonly diskBytes?: number | undefined;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly firmware: 'bios' | 'uefi';
  readonly network: NetworkConfig;
  readonly forwards: readonly PortForward[];
  /** `52:54:00:…`, lower case. */
  readonly macAddress: string;
  /** Host port for the guest's port 22, on networks of the host itself (`user`). */
  readonly sshHostPort?: number | undefined;
  /** NoCloud seed to attach read-only. */
  readonly seedIsoPath?: string | undefined;
}

/**
 * What vms.json keeps of a VM. Names are the file's. Fields that this version does not know are kept.
 *
 * Nullable fields are null when the VM has none.
 */
export interface VmHandle {
  readonly id: string;
  readonly name: string;
  readonly backend: string;
  readonly work_dir: string;
  readonly overlay_path: string | null;
  readonly seed_iso_path: string | null;
  readonly pid: number | null;
  /** With `pid`, the identity of the process; absent in registries of other tools. */
  readonly pid_start_time?: string | null;
  readonly qmp_socket: string | null;
  readonly console_socket: string | null;
  readonly vnc_addr: string | null;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly disk_gb: number | null;
  readonly network: NetworkConfig;
  readonly ssh_host_port: number | null;
  readonly mac_addr: string | null;
  readonly uefi: boolean;
  readonly forwards?: readonly PortForward[];
  /** The package with the backend, when a VMFile brought it; null or absent for an installed one. */
  readonly backend_plugin?: BackendPlugin | null;
  /** The base image that the overlay needs. */
  readonly image_path?: string | null;
  /** The VMFile that it came from, absolute. */
  readonly vmfile?: string | null;
  readonly created_at?: string | null;
  /** Whether it was ever started: tells `prepared` from `stopped`. */
  readonly booted?: boolean;
  /** How to log in; as in the VMFile when it was last brought up. */
  readonly ssh_user?: string | null;
  readonly ssh_private_key?: string | null;
  /** True from the first `up` until one has gone through all stages: a running VM with it is continued. */
  readonly up_pending?: boolean;
  /** Steps that have succeeded on this VM, by step name. */
  readonly provisioned?: Readonly<Record<string, ProvisionRecord>>;
  /** What a backend or a newer version adds. */
  readonly [extra: string]: unknown;
}

/** A plugin that a VMFile brought, by which the VM can be worked with without that file. */
export interface BackendPlugin {
  readonly name: string;
  readonly version: string;
  /** The package's directory, absolute. */
  readonly path: string;
}

/** A step that succeeded. */
export interface ProvisionRecord {
  /** Digest of the step's configuration and inputs. */
  readonly fingerprint: string;
  readonly finished_at: string;
}

/** What a backend can do; data, so that it can be asked without trying. */
export interface Supports {
  readonly suspend: boolean;
  readonly snapshot: boolean;
  readonly console: 'unix-socket' | 'websocket' | 'none';
  readonly networks: readonly NetworkType[];
  readonly firmware: readonly ('bios' | 'uefi')[];
  readonly imageFormats: readonly DiskFormat[];
  readonly forwards: boolean;
}

/** How the guest's SSH server is reached. */
export type GuestAddress =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** How it was found: `port forward`, `dhcp lease`, `arp`. */
      readonly source: string;
    }
  | { readonly kind: 'none'; readonly reason: string };

/** Where the serial console is. */
export type ConsoleEndpoint =
  | { readonly kind: 'unix-socket'; readonly path: string }
  | { readonly kind: 'websocket'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'none'; readonly reason: string };

/** What every call of a backend is given. */
export interface HypervisorContext {
  /** Aborted by Ctrl-C and by time limits: stop waiting, undo what is half done, reject with its reason. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly events: EventSink;
}

/**
 * A backend. It keeps no state between calls: every call may come from another process than the last.
 *
 * Callers hold the VM's operation lock during `prepare`, `start`, `stop`, `suspend`, `resume` and `destroy`.
 * What `supports` denies is refused with VMCTL_BACKEND_UNSUPPORTED before any side effect.
 */
export interface Hypervisor {
  readonly name: string;
  readonly supports: Supports;
  /** Makes the VM's disk and whatever else it needs to start. On failure or abort nothing is left behind. */
  prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Starts a prepared or stopped VM and resolves when its control channel answers; a running one is returned as
   * it is. The handle that comes back has the process and, where a port was taken meanwhile, the new port.
   */
  start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Idempotent. Asks the guest to power off, then ends it by force after `timeoutMs` (0: at once).
   * A suspended VM is stopped as well.
   */
  stop(vm: VmHandle, options: { readonly timeoutMs: number }, ctx: HypervisorContext): Promise<VmHandle>;
  suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  /** Idempotent. Ends the VM at once and removes what this backend made; the work directory is core's to remove. */
  destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void>;
  state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState>;
  guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress>;
  console(vm: VmHandle): ConsoleEndpoint;
  /** What the host lacks for this backend; none when all is well. */
  diagnose?(ctx: HypervisorContext): Promise<readonly HostFinding[]>;
  /** One short line about the engine for the `start` stage: `qemu 7.2 (tcg: kvm unusable)`. */
  describe?(vm: VmHandle, ctx: HypervisorContext): Promise<string>;
}

/** One finding of `vmctl doctor`. */
export interface HostFinding {
  readonly id: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly title: string;
  readonly detail?: string | undefined;
  /** The command that mends it. */
  readonly fix?: string | undefined;
}
