import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { acquireLock, type LockHolder } from '../host/lock.js';
import type { ProcessTable } from '../host/process-contract.js';
import { readRegularText } from '../host/regular-file.js';
import type { PluginPackage } from '../plugins/manifest.js';
import { readPackage } from './installed-package.js';
import { digestOf, type PluginPin, placeOf } from './pin.js';
import { digestOfTree } from './tree-digest.js';

/** How a directory is called until it is complete, and while it is removed. */
const UNBORN = '.new-';
/** What vmctl notes about a complete tree, in it. */
const RECORD = 'vmctl-plugin.json';

/** A version in the store. */
export interface StoredPlugin {
  /** Absolute. */
  readonly directory: string;
  /** Undefined when what vmctl noted of it cannot be read. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** The package; undefined when it is damaged. */
  readonly package: PluginPackage | undefined;
}

interface StoreRecord {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  /** {@link digestOfTree} of `node_modules`. */
  readonly files: string;
}

/**
 * The plugins that VMFiles require, below `project-plugins` of the data directory.
 *
 * Each version has a directory of its own with an npm tree of its own, named after what the lock file says of it, its
 * dependencies included. Nothing in a complete directory is ever changed: two projects share one, or have two.
 */
export class ProjectPluginStore {
  /** Absolute; it need not exist. */
  readonly root: string;
  readonly #locks: string;
  readonly #processes: ProcessTable;

  constructor(options: {
    readonly root: string;
    /** Where locks between processes are. */
    readonly locks: string;
    readonly processes: ProcessTable;
  }) {
    this.root = options.root;
    this.#locks = options.locks;
    this.#processes = options.processes;
  }

  /** Where a pin is, or will be: `@acme+vmctl-nix@1.2.3-0123456789abcdef`. */
  directoryOf(pin: PluginPin): string {
    return join(this.root, `${pin.name.replace('/', '+')}@${pin.version}-${digestOf(pin)}`);
  }

  /** The package of a pin; undefined when it is not installed, or damaged. */
  async find(pin: PluginPin): Promise<PluginPackage | undefined> {
    const directory = this.directoryOf(pin);
    if ((await readRecord(directory))?.integrity !== pin.integrity) return undefined;
    return readPackage(join(directory, placeOf(pin.name)), 'project');
  }

  /** Whether the files of a pin are those that were installed. Reads all of them. */
  async isIntact(pin: PluginPin): Promise<boolean> {
    return isIntact(this.directoryOf(pin));
  }

  /** Whatever is in the store, by name. */
  async list(): Promise<readonly StoredPlugin[]> {
    const names = await readdir(this.root).catch(() => []);
    return Promise.all(
      names
        .filter((name) => !name.startsWith('.'))
        .toSorted()
        .map(async (entry): Promise<StoredPlugin> => {
          const directory = join(this.root, entry);
          const record = await readRecord(directory);
          const isGood = record !== undefined && (await isIntact(directory));
          return {
            directory,
            name: record?.name,
            version: record?.version,
            package: isGood ? await readPackage(join(directory, placeOf(record.name)), 'project') : undefined,
          };
        }),
    );
  }

  /**
   * Runs `work` while nobody else changes the store. What killed installations left is removed before, and what `work`
   * leaves in staging after it.
   *
   * @throws VMCTL_LOCKED when somebody holds it for an hour
   */
  async locked<T>(
    work: () => Promise<T>,
    options: { readonly signal: AbortSignal; readonly onWait?: (holder: LockHolder) => void },
  ): Promise<T> {
    const lock = await acquireLock({
      directory: this.#locks,
      name: 'project-plugins',
      subject: 'store of project plugins',
      purpose: 'installing plugins',
      processes: this.#processes,
      wait: true,
      ...options,
    });
    try {
      await this.#removeUnborn();
      return await work();
    } finally {
      await this.#removeUnborn();
      await lock.release();
    }
  }

  /** An empty directory, removed at the end of {@link locked}. */
  async createStaging(): Promise<string> {
    try {
      await mkdir(this.root, { recursive: true, mode: 0o700 });
      return await mkdtemp(join(this.root, UNBORN));
    } catch (error) {
      throw fsError(error, { verb: 'make a directory in', path: this.root });
    }
  }

  /** Makes a complete npm tree, in a directory of {@link createStaging}, the one of this pin. Call under the lock. */
  async put(pin: PluginPin, staging: string): Promise<PluginPackage | undefined> {
    const directory = this.directoryOf(pin);
    const { name, version, integrity } = pin;
    const record: StoreRecord = {
      name,
      version,
      integrity,
      files: await digestOfTree(join(staging, 'node_modules')),
    };
    await writeAtomic(join(staging, RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
    await this.remove(directory);
    try {
      await rename(staging, directory);
    } catch (error) {
      throw fsError(error, { verb: 'put a plugin into', path: directory });
    }
    return this.find(pin);
  }

  /** Removes a directory of the store: at once for everybody, whatever becomes of the rest. Call under the lock. */
  async remove(directory: string): Promise<void> {
    const grave = await this.createStaging();
    try {
      await rename(directory, join(grave, 'removed'));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw fsError(error, { verb: 'remove', path: directory });
    }
    await discard(grave);
  }

  async #removeUnborn(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    for (const name of names) if (name.startsWith(UNBORN)) await discard(join(this.root, name));
  }
}

/** An npm whose vmctl was killed may still write into it; what is left then is for the next time. */
async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

async function readRecord(directory: string): Promise<StoreRecord | undefined> {
  try {
    const record = JSON.parse(await readRegularText(join(directory, RECORD))) as Partial<StoreRecord>; // checked below
    const { name, version, integrity, files } = record;
    const isWhole = [name, version, integrity, files].every((field) => typeof field === 'string');
    return isWhole ? (record as StoreRecord) : undefined;
  } catch {
    return undefined;
  }
}

async function isIntact(directory: string): Promise<boolean> {
  const record = await readRecord(directory);
  if (record === undefined) return false;
  const files = await digestOfTree(join(directory, 'node_modules')).catch(() => undefined);
  return files === record.files;
}
