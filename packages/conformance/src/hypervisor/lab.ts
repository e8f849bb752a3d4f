import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Hypervisor,
  HypervisorContext,
  PluginHost,
  VmctlEventBody,
  VmHandle,
  VmSpec,
  VmStateName,
} from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { within } from '../bounded.js';
import type { CheckLab } from '../check.js';
import { backendOf } from '../contribution.js';
import { HostCalls } from '../host-calls.js';
import type { HypervisorSubject } from './subject.js';

/** A context that remembers the events. */
export type RecordingContext = HypervisorContext & { readonly seen: readonly VmctlEventBody[] };

const DEFAULT_CALL_MS = 30_000;
const EMPTY_DISK_BYTES = 1024 * 1024;
const SEED_BYTES = 64 * 1024;

/** Where the VMs of one check live: a directory, a host and instances of the backend. */
export class HypervisorLab implements CheckLab {
  readonly subject: HypervisorSubject;
  readonly directory: string;
  readonly hypervisor: Hypervisor;
  /** What `hypervisor` asks of its host. */
  readonly calls: HostCalls;
  readonly #image: VmSpec['image'];
  readonly #before: readonly string[];
  readonly #handles: VmHandle[] = [];

  private constructor(parts: {
    readonly subject: HypervisorSubject;
    readonly directory: string;
    readonly hypervisor: Hypervisor;
    readonly calls: HostCalls;
    readonly image: VmSpec['image'];
    readonly before: readonly string[];
  }) {
    this.subject = parts.subject;
    this.directory = parts.directory;
    this.hypervisor = parts.hypervisor;
    this.calls = parts.calls;
    this.#image = parts.image;
    this.#before = parts.before;
  }

  static async open(subject: HypervisorSubject): Promise<HypervisorLab> {
    const directory = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-conformance-'));
    try {
      const calls = new HostCalls();
      const hypervisor = await createBackend(subject, directory, calls);
      const images = join(directory, 'images');
      await mkdir(images, { mode: 0o700 });
      const image = await (subject.image?.(images) ?? emptyDisk(images));
      const before = (await subject.inventory?.(directory)) ?? [];
      return new HypervisorLab({ subject, directory, hypervisor, calls, image, before });
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get image(): VmSpec['image'] {
    return this.#image;
  }

  /** Another instance of the backend, with a host of its own: what another vmctl process would have. */
  another(): Promise<Hypervisor> {
    return createBackend(this.subject, this.directory, new HostCalls());
  }

  /** A context whose events are remembered. */
  context(signal: AbortSignal = new AbortController().signal): RecordingContext {
    const seen: VmctlEventBody[] = [];
    const log = { debug: () => undefined, child: () => log };
    return { signal, log, events: { emit: (event) => void seen.push(event) }, seen };
  }

  /** A new VM's specification; its work directory is there, with what core puts into it. */
  async spec(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmSpec> {
    const workDir = join(this.directory, 'vms', name);
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    const seedIsoPath = join(workDir, 'seed.iso');
    await writeFile(seedIsoPath, Buffer.alloc(SEED_BYTES), { mode: 0o600 });
    await writeFile(join(workDir, 'provision.log'), 'a file of core\n', { mode: 0o600 });
    const network = changes.network ?? this.subject.spec?.network ?? this.#network();
    const backend = this.hypervisor.name;
    return {
      id: `${backend}-${randomUUID()}`,
      name,
      backend,
      workDir,
      image: this.#image,
      vcpus: 1,
      memoryMb: 64,
      firmware: this.hypervisor.supports.firmware[0] ?? 'bios',
      forwards: [],
      macAddress: `52:54:00:${randomBytes(3)
        .toString('hex')
        .replaceAll(/(..)(?=.)/g, '$1:')}`,
      ...(network.type === 'user'
        ? { sshHostPort: await createHost(this.subject, this.directory).ports.free() }
        : {}),
      seedIsoPath,
      ...this.subject.spec,
      network,
      ...changes,
    };
  }

  /** Makes a VM; it is destroyed when the check is over. */
  async prepare(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmHandle> {
    return this.adopt(
      await this.call('prepare', this.hypervisor.prepare(await this.spec(name, changes), this.context())),
    );
  }

  /** Makes a VM and starts it. */
  async running(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmHandle> {
    const prepared = await this.prepare(name, changes);
    return this.call('start', this.hypervisor.start(prepared, this.context()));
  }

  /** From now on this VM is destroyed when the check is over. */
  adopt(handle: VmHandle): VmHandle {
    this.#handles.push(handle);
    return handle;
  }

  /** The result of a call of the backend; one that hangs fails. */
  call<T>(name: string, promise: Promise<T>): Promise<T> {
    return within(`${name} of ${this.hypervisor.name}`, this.subject.callMs ?? DEFAULT_CALL_MS, promise);
  }

  /** How a VM is, by a fresh look. */
  async state(vm: VmHandle): Promise<VmStateName> {
    return (await this.call('state', this.hypervisor.state(vm, this.context()))).name;
  }

  /** Fails unless the VM is in one of these states. */
  async expectState(vm: VmHandle, wanted: readonly VmStateName[], when: string): Promise<void> {
    const found = await this.state(vm);
    assert.ok(wanted.includes(found), `${when} the VM is ${found}, and should be ${wanted.join(' or ')}`);
  }

  /** A path by which a socket can be connected to, however deep its directory is. */
  shortPath(path: string): Promise<string> {
    return createHost(this.subject, this.directory).sockets.shortPath(path);
  }

  /** What the backend has outside of work directories, beyond what was there before the check. */
  async leftovers(): Promise<readonly string[]> {
    const now = (await this.subject.inventory?.(this.directory)) ?? [];
    return now.filter((each) => !this.#before.includes(each));
  }

  async close(): Promise<void> {
    try {
      const hypervisor = await this.another();
      const context = this.context();
      const destroyed = await Promise.allSettled(
        this.#handles.map((vm) => this.call('destroy', hypervisor.destroy(vm, context))),
      );
      const left = await this.leftovers();
      for (const result of destroyed) if (result.status === 'rejected') throw result.reason;
      assert.deepEqual(left, [], 'something is left on the host after all VMs were destroyed');
    } finally {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  #network(): VmSpec['network'] {
    const { networks } = this.hypervisor.supports;
    for (const type of ['user', 'none'] as const) if (networks.includes(type)) return { type };
    return networks.includes('vnic') ? { type: 'vnic' } : { type: 'tap', bridge: 'br0' };
  }
}

/** An instance of the backend, as vmctl makes it. */
export async function createBackend(
  subject: HypervisorSubject,
  directory: string,
  calls: HostCalls,
): Promise<Hypervisor> {
  const host = calls.watch(createHost(subject, directory));
  return 'create' in subject ? subject.create(host) : backendOf(subject.plugin, subject.backend, host);
}

function createHost(subject: HypervisorSubject, directory: string): PluginHost {
  return subject.createHost?.(directory) ?? createRealHost({ directory, env: subject.env ?? plainEnv() });
}

/** Settings that a developer has for a backend would change what is tested. */
function plainEnv(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VMCTL_')));
}

async function emptyDisk(directory: string): Promise<VmSpec['image']> {
  const path = join(directory, 'empty.img');
  await writeFile(path, Buffer.alloc(EMPTY_DISK_BYTES));
  return { path, format: 'raw', virtualSize: EMPTY_DISK_BYTES };
}
