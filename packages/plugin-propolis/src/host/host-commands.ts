import type { Neighbour } from './arp-output.js';
import type { Vnic } from './dladm-output.js';
import type { ImageInfo } from './image-info.js';
import type { Volume } from './zfs-output.js';
import type { Zone } from './zoneadm-output.js';

/** Ends the command; what it has done by then stays done. */
export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What vmctl writes on a dataset that it makes, in the moment in which it makes it. */
export interface DatasetTags {
  /** The VM that it is for; none for an image. */
  readonly id?: string | undefined;
  /** The VM's work directory, or the file that an image comes from. Absolute. */
  readonly source: string;
}

/**
 * All that the backend lets programs of the host do; the one seam between it and illumos.
 *
 * Nothing goes through a shell, every command has a time limit, and a command that fails rejects with
 * VMCTL_HOST_COMMAND_FAILED with the tool's own words (see `toolFailure` for what they mean). What changes the host
 * runs with the rights of the user's profiles (pfexec).
 */
export interface HostCommands {
  /** All ZFS volumes of the host, which may be thousands: for what is known by its name there is `findVolume`. */
  listVolumes(options?: CommandOptions): Promise<readonly Volume[]>;
  /** The dataset of that name, if there is one. A file system is shown as a volume without a size that is nobody's. */
  findVolume(name: string, options?: CommandOptions): Promise<Volume | undefined>;
  /** Whether there is a snapshot `dataset@name`. */
  hasSnapshot(snapshot: string, options?: CommandOptions): Promise<boolean>;
  /** Makes a sparse volume, and the datasets above it. */
  createVolume(name: string, bytes: number, tags: DatasetTags, options?: CommandOptions): Promise<void>;
  createSnapshot(snapshot: string, options?: CommandOptions): Promise<void>;
  /** Makes a volume of a snapshot, and the datasets above it. */
  cloneSnapshot(snapshot: string, name: string, tags: DatasetTags, options?: CommandOptions): Promise<void>;
  /** Sets the size of a volume. zfs itself would shrink one, too: callers only grow. */
  setVolumeSize(name: string, bytes: number, options?: CommandOptions): Promise<void>;
  /** Destroys one volume or snapshot and nothing that depends on it. */
  destroyDataset(name: string, options?: CommandOptions): Promise<void>;

  /** All virtual network cards of the host. */
  listVnics(options?: CommandOptions): Promise<readonly Vnic[]>;
  /** Makes one that lasts until it is deleted or the host restarts. dladm chooses the MAC address when none is given. */
  createVnic(
    vnic: { readonly link: string; readonly over: string; readonly macAddress?: string | undefined },
    options?: CommandOptions,
  ): Promise<void>;
  deleteVnic(link: string, options?: CommandOptions): Promise<void>;
  /** The physical links of the host: what a VNIC can be over. */
  listPhysicalLinks(options?: CommandOptions): Promise<readonly string[]>;

  /** All zones; inside of a zone only that one. */
  listZones(options?: CommandOptions): Promise<readonly Zone[]>;
  /** The host's ARP table. */
  listNeighbours(options?: CommandOptions): Promise<readonly Neighbour[]>;

  /** What qemu-img says of an image. The format is said, never guessed: a raw disk's content could name any other. */
  imageInfo(
    image: { readonly path: string; readonly format: string },
    options?: CommandOptions,
  ): Promise<ImageInfo>;
  /** Writes an image of that format to a volume, as the raw disk that it describes. */
  convertImage(
    image: { readonly path: string; readonly format: string; readonly device: string },
    options?: CommandOptions,
  ): Promise<void>;

  /** Sends a signal to a process that belongs to another user. */
  signalProcess(pid: number, signal: NodeJS.Signals): Promise<void>;
}
