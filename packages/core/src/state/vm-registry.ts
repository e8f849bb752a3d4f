import { VmctlError } from '../errors/vmctl-error.js';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { EventSink } from '../events/events.js';
import { isLeftover, writeAtomic } from '../host/atomic-file.js';
import { acquireLock } from '../host/lock.js';
import type { ProcessTable } from '../host/process-contract.js';
import { createProcessTable } from '../host/process-table.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { type DataDir, VM_NAME } from './data-dir.js';
import { formatRegistry, keepAside, readRegistryFile, type RegistryContent } from './registry-file.js';
import { mergeEntry, type ParsedHandle, parseHandle } from './vm-handle.js';

/**
 * Makes the next handle of a VM from the current one; undefined on either side is "no such VM". Called under
 * the registry's lock, so it must be quick; what it throws rejects the update and changes nothing.
 */
export type HandleUpdate = (current: VmHandle | undefined) => VmHandle | undefined;

export interface VmRegistryOptions {
  readonly processes?: ProcessTable | undefined;
  /** Gets a `warning` (VMCTL_REGISTRY_CORRUPT) for what cannot be read, once each. */
  readonly events?: EventSink | undefined;
}

/** Changes are quick: one who holds the lock for longer is stopped, and would hold it for ever. */
const LOCK_TIMEOUT_MS = 30_000;

interface Change {
  readonly name: string;
  readonly update: HandleUpdate;
  readonly resolve: (next: VmHandle | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Which VMs exist: vms.json, a plain object from name to handle. How they are is the backend's to say.
 *
 * Reading takes no lock and changes nothing. Changes happen one after the other, over all processes, each through a
 * temporary file; the ones that one process asks for at the same time share one write. A file that is no registry
 * counts as empty, with a warning, so that work can go on; before the first change it is kept aside.
 */
export class VmRegistry {
  readonly #dataDir: DataDir;
  readonly #processes: ProcessTable;
  readonly #events: EventSink | undefined;
  readonly #warned = new Set<string>();
  readonly #queue: Change[] = [];
  #draining = false;

  constructor(dataDir: DataDir, options: VmRegistryOptions = {}) {
    this.#dataDir = dataDir;
    this.#processes = options.processes ?? createProcessTable();
    this.#events = options.events;
  }

  /** All VMs, by name. An entry that cannot be read is left out, with a warning. */
  async list(): Promise<readonly VmHandle[]> {
    const content = await this.#read();
    const handles = [...content.entries].flatMap(([name, entry]) => this.#parse(name, entry)?.handle ?? []);
    return handles.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The names of all entries, also of those that cannot be read: their VMs may have a disk. */
  async names(): Promise<ReadonlySet<string>> {
    const { entries } = await this.#read();
    return new Set(entries.keys());
  }

  /**
   * For who must not take a damaged file for an empty one.
   *
   * @throws VMCTL_REGISTRY_CORRUPT when the file cannot be read as a registry
   */
  async mustBeReadable(): Promise<void> {
    const { corrupt } = await readRegistryFile(this.#dataDir.registryFile);
    if (corrupt === undefined) return;
    throw new VmctlError('VMCTL_REGISTRY_CORRUPT', {
      message: `${this.#dataDir.registryFile} cannot be read: ${corrupt}`,
      hint: 'Mend the file (it is JSON), or move it away: then vmctl knows no VMs.',
      details: { path: this.#dataDir.registryFile },
    });
  }

  /** The VM of that name. */
  async get(name: string): Promise<VmHandle | undefined> {
    const content = await this.#read();
    return content.entries.has(name) ? this.#parse(name, content.entries.get(name))?.handle : undefined;
  }

  /**
   * Changes one VM's entry, reading the current one under the lock. Unknown fields of the entry survive even when
   * `update` leaves them out; to take one away, set it to undefined.
   *
   * @returns what `update` returned
   * @throws VMCTL_LOCKED after 30 seconds, VMCTL_DISK_FULL, VMCTL_NOT_WRITABLE …; then nothing has changed
   */
  update(name: string, update: (current: VmHandle | undefined) => VmHandle): Promise<VmHandle>;
  update(name: string, update: HandleUpdate): Promise<VmHandle | undefined>;
  update(name: string, update: HandleUpdate): Promise<VmHandle | undefined> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, update, resolve, reject });
      if (!this.#draining) void this.#drain();
    });
  }

  /** Forgets a VM. Idempotent. */
  async remove(name: string): Promise<void> {
    await this.update(name, () => undefined);
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0) {
      // What is asked for in the same turn shares the write.
      await Promise.resolve();
      const changes = this.#queue.splice(0);
      try {
        const settle = await this.#commit(changes);
        settle();
      } catch (error) {
        for (const change of changes) change.reject(error);
      }
    }
    this.#draining = false;
  }

  /** Applies the changes with one write. What comes back tells their callers. */
  async #commit(changes: readonly Change[]): Promise<() => void> {
    const { locks, registryFile } = this.#dataDir;
    await this.#dataDir.open();
    const lock = await acquireLock({
      directory: locks,
      name: 'registry',
      subject: `registry ${registryFile}`,
      purpose: 'writing vms.json',
      processes: this.#processes,
      wait: true,
      timeoutMs: LOCK_TIMEOUT_MS,
    });
    try {
      await this.#removeLeftovers();
      return await this.#apply(changes);
    } finally {
      await lock.release();
    }
  }

  async #apply(changes: readonly Change[]): Promise<() => void> {
    const content = await this.#read();
    const entries = new Map(content.entries);
    const settlements: (() => void)[] = [];
    let losesSomething = content.corrupt !== undefined;
    for (const { name, update, resolve, reject } of changes) {
      try {
        const entry = entries.get(name);
        const current = entries.has(name) ? this.#parse(name, entry) : undefined;
        const next = update(current?.handle);
        if (next !== undefined) entries.set(name, mergeEntry(entry, next, name));
        else if (current !== undefined) entries.delete(name);
        if (entries.get(name) !== entry && isDamaged(entry, current)) losesSomething = true;
        settlements.push(() => {
          resolve(next);
        });
      } catch (error) {
        settlements.push(() => {
          reject(error);
        });
      }
    }
    const text = formatRegistry(entries);
    if (text !== formatRegistry(content.entries)) {
      if (losesSomething) await this.#keepAside();
      await writeAtomic(this.#dataDir.registryFile, text);
    }
    return () => {
      for (const settle of settlements) settle();
    };
  }

  async #read(): Promise<RegistryContent> {
    const content = await readRegistryFile(this.#dataDir.registryFile);
    if (content.corrupt !== undefined) await this.#warnOfCorruptFile(content.corrupt);
    return content;
  }

  #parse(name: string, entry: unknown): ParsedHandle | undefined {
    const workDir = VM_NAME.test(name) ? this.#dataDir.workDir(name) : undefined;
    // A name that is none could become part of a path, or of a terminal's orders.
    const parsed = workDir === undefined ? undefined : parseHandle(entry, name, workDir);
    const file = this.#dataDir.registryFile;
    if (parsed === undefined) {
      this.#warn(
        `The entry "${name}" of ${file} is no VM; it is left out, and left as it is.`,
        'Mend it by hand.',
      );
    } else if (parsed.problems.length > 0) {
      this.#warn(
        `The entry "${name}" of ${file} is damaged: ${parsed.problems.join(', ')}. Defaults are used instead.`,
        `Mend it by hand, or make the VM anew: vmctl destroy ${name}`,
        name,
      );
    }
    return parsed;
  }

  async #warnOfCorruptFile(reason: string): Promise<void> {
    const file = this.#dataDir.registryFile;
    const orphans = await this.#workDirs();
    this.#warn(
      `${file} cannot be read: ${reason}. It counts as empty, and is kept aside before anything is written.` +
        (orphans.length > 0
          ? ` These VMs have a work directory and are not known now: ${orphans.join(', ')}.`
          : ''),
      `To get its VMs back, mend the file (it is JSON) before the next command that changes something.`,
    );
  }

  async #keepAside(): Promise<void> {
    const aside = await keepAside(this.#dataDir.registryFile);
    this.#warn(
      `The damaged vms.json was kept as ${aside}, and a new one is written.`,
      'To get its VMs back, copy their entries from there into vms.json while no vmctl runs.',
    );
  }

  #warn(message: string, hint: string, vm?: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#events?.emit({ type: 'warning', vm, code: 'VMCTL_REGISTRY_CORRUPT', message, hint });
  }

  /** Names of the work directories, for messages. */
  async #workDirs(): Promise<string[]> {
    const names = await readdir(this.#dataDir.vms).catch(() => []);
    return names.filter((name) => VM_NAME.test(name)).sort();
  }

  /** Removes temporary files of writers that were killed; nobody else writes while we hold the lock. */
  async #removeLeftovers(): Promise<void> {
    const name = basename(this.#dataDir.registryFile);
    for (const entry of await readdir(this.#dataDir.path)) {
      if (isLeftover(entry, name)) await rm(join(this.#dataDir.path, entry), { force: true });
    }
  }
}

/** Whether an entry has something that a new one in its place would lose. */
function isDamaged(entry: unknown, parsed: ParsedHandle | undefined): boolean {
  return entry !== undefined && (parsed === undefined || parsed.problems.length > 0);
}
