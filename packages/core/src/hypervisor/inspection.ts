/** One disk of a VM that runs, as its engine has it. */
export interface DiskInspection {
  /** What the engine calls it, unique within the VM: `disk`, `seed`. */
  readonly name: string;
  /** Where its content is: a path, or the name of a dataset. */
  readonly path?: string | undefined;
  /** `qcow2`, `raw`. */
  readonly format?: string | undefined;
  /** Whether the guest can only read it. */
  readonly readOnly?: boolean | undefined;
  /** Bytes that the guest sees. */
  readonly sizeBytes?: number | undefined;
  /** Bytes that it takes of the host's disk, without what it is built on. */
  readonly allocatedBytes?: number | undefined;
  /** What it is built on: the file below an overlay. */
  readonly backing?: string | undefined;
  /** What is wrong with it, in the engine's word: `nospace`. Absent when all is well. */
  readonly problem?: string | undefined;
  /** Bytes that the guest has read since the engine started. */
  readonly readBytes?: number | undefined;
  /** Bytes that the guest has written since the engine started. */
  readonly writtenBytes?: number | undefined;
}

/** The memory of a VM that runs, in bytes. */
export interface MemoryInspection {
  /** What the machine has. */
  readonly bytes?: number | undefined;
  /** What of it the guest may use now: less where a balloon has given some of it back. */
  readonly usableBytes?: number | undefined;
}

/** What the engine of a VM says about it now. What it did not say is absent. Survives JSON. */
export interface VmInspection {
  /** How the VM is, in the engine's own word: `running`, `io-error`. */
  readonly status?: string | undefined;
  /** When the engine started to run it, ISO 8601. */
  readonly startedAt?: string | undefined;
  /** The engine with its version: `QEMU 7.2.22`. */
  readonly engine?: string | undefined;
  /** What runs the guest's code: `kvm`, `tcg`. */
  readonly accelerator?: string | undefined;
  /** The virtual processors that the guest has now. */
  readonly vcpus?: number | undefined;
  /** Its memory. */
  readonly memory?: MemoryInspection | undefined;
  /** Its disks, in the order of the engine. */
  readonly disks?: readonly DiskInspection[] | undefined;
  /** What else is worth to be seen by people, by what it is called. */
  readonly more?: Readonly<Record<string, string>> | undefined;
  /** What could not be learned, and why: a sentence each. Empty when the engine has answered everything. */
  readonly problems: readonly string[];
}
