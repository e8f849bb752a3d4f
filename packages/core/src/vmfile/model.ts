import type { NetworkConfig, PortForward } from '../hypervisor/contract.js';
import type { ImageReference } from '../images/contract.js';
import type { PluginRequirement } from './plugin-requirement.js';

/** A VMFile, decoded and valid. */
export interface VmFile {
  /** Absolute. */
  readonly path: string;
  /** The directory it is in. */
  readonly baseDir: string;
  /** What its `plugins` node requires, in its order. */
  readonly plugins: readonly PluginRequirement[];
  /** In the file's order. */
  readonly vms: readonly VmDefinition[];
}

/** One `vm` node. Units are in the names; defaults are filled in, but for what depends on the backend. */
export interface VmDefinition {
  /** 1 to 63 of `a-z A-Z 0-9 . _ -`; unique in the file. */
  readonly name: string;
  /** Where its disk comes from. */
  readonly image: ImageReference;
  /** Default 1. */
  readonly vcpus: number;
  /** MiB; default 1024. */
  readonly memoryMb: number;
  /** Bytes; undefined: as large as the image. */
  readonly diskBytes: number | undefined;
  /** Undefined: `--backend`, the configuration or the platform decide. */
  readonly backend: string | undefined;
  /** Undefined: `bios`, or what the VM's backend has instead. */
  readonly firmware: 'bios' | 'uefi' | undefined;
  /** VMs that have to come so far first; never in a circle. */
  readonly dependsOn: readonly Dependency[];
  /** Undefined: `user`, or what the VM's backend has instead. */
  readonly network: NetworkConfig | undefined;
  /** Ports of the host that lead to the guest. */
  readonly forwards: readonly PortForward[];
  /** Undefined without a `cloud-init` block: then the guest gets no seed. */
  readonly cloudInit: CloudInitDefinition | undefined;
  /** How to log in. */
  readonly ssh: SshDefinition;
  /** Its steps, in order. Empty where steps are passed over. */
  readonly provision: readonly ProvisionDefinition[];
  /**
   * What plugins made of their own nodes, by the node's name; without an entry for a node that the VM does not have.
   * A plugin knows the type of what its own `decode` returned.
   */
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** How far another VM has to be before this one starts. */
export interface Dependency {
  /** Name of a VM of the same file. */
  readonly vm: string;
  /** Default `ready`. */
  readonly until: 'started' | 'ready' | 'provisioned';
}

/** What the guest's cloud-init is told. */
export interface CloudInitDefinition {
  /** Default: the VM's name. */
  readonly hostname: string;
  /** Path of a public key file, absolute; undefined with `userDataPath` undefined: generate a pair. */
  readonly sshKeyPath: string | undefined;
  /** Raw user-data file, absolute; vmctl then adds no user and no key. */
  readonly userDataPath: string | undefined;
}

/** How to log in to the guest. */
export interface SshDefinition {
  /** Whether the VMFile has an `ssh` block. */
  readonly declared: boolean;
  /** Default `vm`. */
  readonly user: string;
  /** Absolute path. */
  readonly privateKeyPath: string | undefined;
  /** How long to wait for the guest; default: the configuration's, else 120. */
  readonly timeoutSeconds: number;
}

/** When a step runs; `changed`: when its configuration or inputs changed since it last succeeded. */
export type RunPolicy = 'always' | 'once' | 'never' | 'changed';

/** One step. */
export interface ProvisionDefinition {
  /** The provisioner's type: `shell`. */
  readonly type: string;
  /** `name="…"`, or `<type>-<n>` with n from 1; unique within the VM. */
  readonly name: string;
  /** When it runs; default `always`. */
  readonly run: RunPolicy;
  /** What the type's own `decode` made of the node. */
  readonly config: unknown;
}
