import type { Duplex } from 'node:stream';
import type { EventSink } from '../events/events.js';
import type { Logger } from '../host/logger.js';
import type { DiskFormat } from '../images/contract.js';
import type { DeclaredSettings } from './declared-settings.js';
import type { VmInspection } from './inspection.js';

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
/** One of {@link VM_STATES}. */
export type VmStateName = (typeof VM_STATES)[number];

/** What a backend sees when it looks at a VM. */
export interface VmState {
  /** The state itself. */
  readonly name: VmStateName;
  /** More for people: `paused (io-error)`. */
  readonly detail?: string | undefined;
  /** The process that runs the VM, where there is one. */
  readonly pid?: number | undefined;
}

/**
 * How a guest is connected, as vms.json has it. `address` is the IP address that the guest has by itself, where the VMFile
 * says it: then nobody has to look for it.
 */
export type NetworkConfig =
  | { readonly type: 'user' }
  | { readonly type: 'tap'; readonly bridge: string; readonly address?: string | undefined }
  | { readonly type: 'vnic'; readonly name?: string | undefined; readonly address?: string | undefined }
  | { readonly type: 'none' };
/** A kind of network. */
export type NetworkType = NetworkConfig['type'];

/** A TCP port of the host that leads to one of the guest. */
export interface PortForward {
  /** Host address, by default 127.0.0.1. */
  readonly address: string;
  /** Host port, 0 in a definition for "any free one". */
  readonly host: number;
  /** TCP port of the guest, from 1 to 65535. */
  readonly guest: number;
}

/** What a VM shall be: everything is resolved, nothing exists yet but the work directory. */
export interface VmSpec {
  /** `<backend>-<uuid>`; also the cloud-init instance id. The same for the life of the VM. */
  readonly id: string;
  /** As in the VMFile; unique on this host. */
  readonly name: string;
  /** The backend that was chosen for it. */
  readonly backend: string;
  /** Absolute, exists, mode 0700, empty but for the files named here. */
  readonly workDir: string;
  /** The base image; nobody writes to it. `virtualSize` is in bytes. */
  readonly image: { readonly path: string; readonly format: DiskFormat; readonly virtualSize: number };
  /** Wanted size of the guest's disk in bytes, never below the image's; undefined: as large as the image. */
  readonly diskBytes?: number | undefined;
  /** At least 1. */
  readonly vcpus: number;
  /** MiB, at least 1. */
  readonly memoryMb: number;
  /** What boots the guest. */
  readonly firmware: 'bios' | 'uefi';
  /** How the guest is connected. */
  readonly network: NetworkConfig;
  /** Ports of the host that lead to the guest; none has the host port 0 any more. */
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
  /** `<backend>-<uuid>`, the same for the life of the VM. */
  readonly id: string;
  /** The VM's name. */
  readonly name: string;
  /** The backend that made it; the only one that is asked about it. */
  readonly backend: string;
  /** Absolute. */
  readonly work_dir: string;
  /** The guest's disk, absolute. */
  readonly overlay_path: string | null;
  /** The NoCloud seed, absolute. */
  readonly seed_iso_path: string | null;
  /** The process that runs it. Never trusted alone: see `pid_start_time`. */
  readonly pid: number | null;
  /** With `pid`, the identity of the process; absent in registries of other tools. */
  readonly pid_start_time?: string | null;
  /** QEMU's control socket, absolute. */
  readonly qmp_socket: string | null;
  /** The socket of the serial console, absolute. */
  readonly console_socket: string | null;
  /**
   * Where in `console.log` of the work directory the output since the last start begins, in bytes. Set by `start` of
   * backends that append all output of the serial console to that file: others can then watch a console that is taken.
   */
  readonly console_log_start?: number;
  /** `host:port` of its VNC server. */
  readonly vnc_addr: string | null;
  /** At least 1. */
  readonly vcpus: number;
  /** MiB. */
  readonly memory_mb: number;
  /** GiB, possibly a fraction; null: as large as the image. */
  readonly disk_gb: number | null;
  /** How the guest is connected. */
  readonly network: NetworkConfig;
  /** Port of 127.0.0.1 that leads to the guest's port 22. */
  readonly ssh_host_port: number | null;
  /** `52:54:00:…`, lower case. */
  readonly mac_addr: string | null;
  /** False: BIOS. */
  readonly uefi: boolean;
  /** Ports of the host that lead to the guest. */
  readonly forwards?: readonly PortForward[];
  /** Those of them that were added by hand: the VMFile does not take them away. */
  readonly added_forwards?: readonly PortForward[];
  /** The package with the backend, when a VMFile brought it; null or absent for an installed one. */
  readonly backend_plugin?: BackendPlugin | null;
  /** The base image that the overlay needs. */
  readonly image_path?: string | null;
  /** The VMFile that it came from, absolute. */
  readonly vmfile?: string | null;
  /** ISO 8601. */
  readonly created_at?: string | null;
  /** Whether it was ever started: tells `prepared` from `stopped`. */
  readonly booted?: boolean;
  /** How to log in; as in the VMFile when it was last brought up. */
  readonly ssh_user?: string | null;
  /** Path of the key to log in with, absolute. */
  readonly ssh_private_key?: string | null;
  /** True from the first `up` until one has gone through all stages: a running VM with it is continued. */
  readonly up_pending?: boolean;
  /** Steps that have succeeded on this VM, by step name. */
  readonly provisioned?: Readonly<Record<string, ProvisionRecord>>;
  /** What the VMFile said; absent in registries of other tools and of older versions. */
  readonly declared?: DeclaredSettings;
  /** What a backend or a newer version adds. */
  readonly [extra: string]: unknown;
}

/** A plugin that a VMFile brought, by which the VM can be worked with without that file. */
export interface BackendPlugin {
  /** The package's name. */
  readonly name: string;
  /** The package's version. */
  readonly version: string;
  /** The package's directory, absolute. */
  readonly path: string;
}

/** A step that succeeded. */
export interface ProvisionRecord {
  /** Digest of the step's configuration and inputs; empty unless its policy was `changed`. */
  readonly fingerprint: string;
  /** Digest of its type and configuration alone, whatever its policy. Older versions have none. */
  readonly definition?: string;
  /** ISO 8601. */
  readonly finished_at: string;
}

/** What a backend can do; data, so that it can be asked without trying. */
export interface Supports {
  /** Whether `suspend` and `resume` work. */
  readonly suspend: boolean;
  /** Whether disks can be snapshot. */
  readonly snapshot: boolean;
  /** How the serial console is reached. */
  readonly console: 'unix-socket' | 'websocket' | 'none';
  /** Kinds of network that a VM may have. */
  readonly networks: readonly NetworkType[];
  /** Firmware that a VM may have. */
  readonly firmware: readonly ('bios' | 'uefi')[];
  /** Formats of base images that it can take. */
  readonly imageFormats: readonly DiskFormat[];
  /** Whether ports of the host can lead to the guest. */
  readonly forwards: boolean;
  /** Whether they can be changed later, also while the VM runs: then there is `setForwards`. Default false. */
  readonly liveForwards?: boolean | undefined;
  /** Whether the disk of a VM that does not run can be made larger: then there is `growDisk`. Default false. */
  readonly growDisk?: boolean | undefined;
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
  /** For diagnostics. */
  readonly log: Logger;
  /** For progress and warnings. */
  readonly events: EventSink;
}

/** How a VM is to be stopped. */
export interface StopRequest {
  /** How long the guest may take to power off before it is ended by force, in milliseconds; 0: by force at once. */
  readonly timeoutMs: number;
  /**
   * Logs in to the guest over SSH and tells it to power off: for backends without a power button. Resolves when the
   * guest has been told, or has gone; rejects when it cannot be told, with a VMCTL_GUEST_* or VMCTL_SSH_* error. An abort
   * ends the try. Absent where vmctl has no way in.
   */
  readonly powerOff?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * A backend. It keeps no state between calls: every call may come from another process than the last.
 *
 * Callers hold the VM's operation lock during `prepare`, `start`, `stop`, `suspend`, `resume`, `destroy`,
 * `setForwards` and `growDisk`. What `supports` denies is refused with VMCTL_BACKEND_UNSUPPORTED before any side effect.
 */
export interface Hypervisor {
  /** What VMFiles and `--backend` call it. */
  readonly name: string;
  /** Fixed for the life of the process. */
  readonly supports: Supports;
  /** Makes the VM's disk and whatever else it needs to start. On failure or abort nothing is left behind. */
  prepare(spec: VmSpec, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Starts a prepared or stopped VM and resolves when its control channel answers; a running one is returned as
   * it is, and a suspended one goes on. The handle that comes back has the process and, where a port was taken
   * meanwhile, the new port.
   */
  start(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Idempotent. Asks the guest to power off, then ends it by force after `timeoutMs` (0: at once).
   * A suspended VM is stopped as well.
   */
  stop(vm: VmHandle, options: StopRequest, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Freezes a running VM; a suspended one is returned as it is.
   *
   * @throws VMCTL_VM_WRONG_STATE in any other state
   */
  suspend(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Lets a suspended VM run; a running one is returned as it is.
   *
   * @throws VMCTL_VM_WRONG_STATE in any other state
   */
  resume(vm: VmHandle, ctx: HypervisorContext): Promise<VmHandle>;
  /** Idempotent. Ends the VM at once and removes what this backend made; the work directory is core's to remove. */
  destroy(vm: VmHandle, ctx: HypervisorContext): Promise<void>;
  /** Looks at the VM now. Never rejects for what has become of it: a VM that is gone is `destroyed`. */
  state(vm: VmHandle, ctx: HypervisorContext): Promise<VmState>;
  /**
   * Asks what runs the VM; undefined when nothing does. Changes nothing, and ends within a few seconds whatever hangs:
   * what could not be learned is absent, and the problems say why. Rejects for nothing but an abort.
   */
  inspect?(vm: VmHandle, ctx: HypervisorContext): Promise<VmInspection | undefined>;
  /** Where the guest's SSH server is, as far as is known now; callers ask again while they wait. Does not wait itself. */
  guestAddress(vm: VmHandle, ctx: HypervisorContext): Promise<GuestAddress>;
  /** Where the serial console is. Touches nothing. */
  console(vm: VmHandle): ConsoleEndpoint;
  /**
   * Opens the serial console of a VM that runs, for those that are no Unix socket: what the guest writes can be read, what
   * is written is the guest's input. Several can be open at a time. With `replay` it begins with what the guest has
   * written since its start, as far as that is kept.
   *
   * The stream ends when the VM does, and is destroyed with an error when the connection breaks. Whoever calls destroys it;
   * `ctx.signal` ends the opening only. Without this method a console of the kind `websocket` is an address for others, and
   * `vmctl console` cannot show it.
   */
  openConsole?(vm: VmHandle, options: { readonly replay: boolean }, ctx: HypervisorContext): Promise<Duplex>;
  /**
   * Makes these the forwards of the VM, in place of those it has: at once when it runs or is suspended, and from its
   * next start on in any case. None has the host port 0. All of them or none: what cannot be done is undone. The port
   * that leads to the guest's SSH server is not among them and stays. Only with `supports.liveForwards`.
   *
   * @throws VMCTL_PORT_TAKEN when another program has one of the ports
   */
  setForwards?(vm: VmHandle, forwards: readonly PortForward[], ctx: HypervisorContext): Promise<VmHandle>;
  /**
   * Makes the disk of a VM that does not run at least this large, in bytes, from its next start on. Idempotent: a disk
   * that is large enough stays as it is. What is on it stays, and the guest finds the room at its end. Only with
   * `supports.growDisk`.
   *
   * @throws VMCTL_VM_WRONG_STATE when something runs the VM
   */
  growDisk?(vm: VmHandle, bytes: number, ctx: HypervisorContext): Promise<VmHandle>;
  /** What the host lacks for this backend; none when all is well. */
  diagnose?(ctx: HypervisorContext): Promise<readonly HostFinding[]>;
  /** One short line about the engine for the `start` stage: `qemu 7.2 (tcg: kvm unusable)`. */
  describe?(vm: VmHandle, ctx: HypervisorContext): Promise<string>;
}

/** One finding of `vmctl doctor`. */
export interface HostFinding {
  /** Stable, for machines: `qemu:kvm`. */
  readonly id: string;
  /** `error`: VMs cannot run; `warning`: they run, but slowly or in part. */
  readonly status: 'ok' | 'warning' | 'error';
  /** A few words: what was looked at. */
  readonly title: string;
  /** What was found. */
  readonly detail?: string | undefined;
  /** The command that mends it. */
  readonly fix?: string | undefined;
}
