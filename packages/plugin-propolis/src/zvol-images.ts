import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { HypervisorContext, PluginHost, VmSpec } from '@vmctl/core/plugin';
import { untilNotBusy } from './busy.js';
import type { HostCommands } from './host/host-commands.js';
import { clonesIn, toolFailure } from './host/tool-failure.js';

/** zfs rounds sizes of new volumes up to this, and refuses others that its block size does not divide. */
const VOLUME_STEP = 128 * 1024;

/** How long a volume may stay busy after the process that had it has ended. */
export const BUSY_MS = 15_000;

/** How long a qemu-img may go on whose vmctl was killed; it has the volume until it is done. */
const ORPHAN_MS = 10 * 60_000;

/** The size of a volume that holds so many bytes. */
export function volumeSize(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / VOLUME_STEP)) * VOLUME_STEP;
}

/** Where a volume is read and written: the raw device, which takes what it is given at once. */
export function deviceOf(dataset: string): string {
  return `/dev/zvol/rdsk/${dataset}`;
}

export interface ImageOptions {
  readonly host: Pick<PluginHost, 'locks' | 'error' | 'log'>;
  readonly commands: HostCommands;
  /** `rpool/vmctl`; a setting that cannot be used throws. */
  readonly dataset: () => Promise<string>;
}

/** The snapshot that disks are cloned from. */
export interface BaseSnapshot {
  /** `rpool/vmctl/images/<sha256>@base`. */
  readonly snapshot: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Images as ZFS volumes, under the digest of the file that they come from. The snapshot `@base` is made last: a volume
 * without it was not finished, and is made anew. One conversion at a time; whoever waited for it finds it done.
 */
export class ZvolImages {
  readonly #options: ImageOptions;
  /** By path, size and time of change. */
  readonly #digests = new Map<string, string>();

  constructor(options: ImageOptions) {
    this.#options = options;
  }

  /**
   * Sees to it that there is a snapshot with the content of an image, and lets `use` clone it. Nobody removes the image
   * meanwhile.
   *
   * @throws VMCTL_HOST_COMMAND_MISSING without qemu-img
   */
  async withBase<T>(
    image: VmSpec['image'],
    ctx: HypervisorContext,
    use: (base: BaseSnapshot) => Promise<T>,
  ): Promise<T> {
    const dataset = await this.#options.dataset();
    const digest = await this.#digest(image.path, ctx.signal);
    const name = `${dataset}/images/${digest}`;
    return this.#locked(name, ctx.signal, async () => use(await this.#ensure(image, name, ctx)));
  }

  /**
   * Removes an image that no VM needs any more and whose file is gone. One that disks stand on is kept.
   *
   * @param snapshot - the origin of a disk
   * @returns the datasets for whose sake it was kept; undefined when it is gone, or not to be removed
   */
  async removeUnused(snapshot: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const dataset = await this.#options.dataset();
    const name = snapshot.replace(/@base$/, '');
    if (!name.startsWith(`${dataset}/images/`)) return undefined;
    const volume = await this.#options.commands.findVolume(name, { signal });
    // Without its tag it is somebody else's.
    if (volume?.source === undefined || (await exists(volume.source))) return undefined;
    return this.#locked(name, signal, () => this.#remove(name, snapshot));
  }

  #locked<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const purpose = 'working on an image';
    return this.#options.host.locks.hold(`propolis image ${name}`, { purpose, signal }, work);
  }

  async #ensure(image: VmSpec['image'], name: string, ctx: HypervisorContext): Promise<BaseSnapshot> {
    const { host, commands } = this.#options;
    const { signal } = ctx;
    const snapshot = `${name}@base`;
    const found = await commands.findVolume(name, { signal });
    if (found !== undefined) {
      if (found.source === undefined) throw this.#taken(name);
      if (await commands.hasSnapshot(snapshot, { signal })) return { snapshot, size: found.size };
      host.log.debug(`${name} was not finished`);
      await this.#discard(name, ORPHAN_MS, signal);
    }
    return { snapshot, size: await this.#convert(image, name, ctx) };
  }

  /** @returns the datasets for whose sake it stays */
  async #remove(name: string, snapshot: string): Promise<readonly string[] | undefined> {
    const { commands } = this.#options;
    try {
      for (const each of [snapshot, name]) {
        await untilNotBusy(() => commands.destroyDataset(each), { timeoutMs: BUSY_MS });
      }
      return undefined;
    } catch (error) {
      const failure = toolFailure(error);
      if (failure === 'has-clones') return clonesIn(error);
      if (failure === 'missing') return undefined;
      throw error;
    }
  }

  async #convert(image: VmSpec['image'], name: string, ctx: HypervisorContext): Promise<number> {
    const { commands } = this.#options;
    const { signal } = ctx;
    const { path, format } = image;
    const { virtualSize } = await commands.imageInfo({ path, format }, { signal });
    const size = volumeSize(virtualSize);
    try {
      await commands.createVolume(name, size, { source: path }, { signal });
      await commands.convertImage({ path, format, device: deviceOf(name) }, { signal });
      signal.throwIfAborted();
      await snapshotOnce(commands, `${name}@base`, signal);
      return size;
    } catch (error) {
      // It has no snapshot: what stays here is made anew by the next one.
      await this.#discard(name, BUSY_MS).catch((thrown: unknown) => {
        this.#options.host.log.debug(`${name} stays unfinished`, thrown);
      });
      throw error;
    }
  }

  #taken(name: string): Error {
    return this.#options.host.error('VMCTL_PROPOLIS_DATASET_TAKEN', {
      message: `The image cannot be converted: there is a dataset ${name} that vmctl did not make. It was left as it is.`,
      hint: `See what it is: zfs get all ${name}. Move it away (zfs rename), or let vmctl work elsewhere (VMCTL_PROPOLIS_DATASET).`,
      details: { dataset: name },
    });
  }

  /** Destroys an image without a snapshot. zfs refuses when there is one after all. */
  async #discard(name: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { commands } = this.#options;
    try {
      await untilNotBusy(() => commands.destroyDataset(name, { signal }), { timeoutMs, signal });
    } catch (error) {
      if (toolFailure(error) !== 'missing') throw error;
    }
  }

  /** Of the VMs of one `up` one reads the file, the others wait for what it finds. */
  async #digest(path: string, signal: AbortSignal): Promise<string> {
    const purpose = 'reading an image';
    return this.#options.host.locks.hold(`propolis digest ${path}`, { purpose, signal }, async () => {
      const { size, mtimeMs } = await stat(path);
      const key = `${path}:${size}:${mtimeMs}`;
      const digest = this.#digests.get(key) ?? (await digestOf(path, signal));
      this.#digests.set(key, digest);
      return digest;
    });
  }
}

/** Another user may have converted the same image at the same time: to the same bytes. */
async function snapshotOnce(commands: HostCommands, snapshot: string, signal: AbortSignal): Promise<void> {
  try {
    await commands.createSnapshot(snapshot, { signal });
  } catch (error) {
    if (toolFailure(error) !== 'exists') throw error;
  }
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer); // a stream without an encoding gives bytes
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
