import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import type {
  Exec,
  HypervisorContext,
  PluginHost,
  VmctlEventBody,
  VmHandle,
  VmSpec,
} from '@vmctl/core/plugin';
import { createRealHost } from '@vmctl/core/testing';
import { PropolisBackend, type PropolisBackendOptions } from '../../src/propolis-backend.js';
import { readRecord } from '../../src/vm-record.js';
import { FakeIllumos } from './fake-illumos.js';
import { type IllumosPrograms, makeIllumos, RECORDER_COMMAND } from './illumos-programs.js';
import { until } from './until.js';

/** The size of the test's image. */
export const IMAGE_BYTES = 1024 * 1024;

/** A host of a platform, on which the tools of illumos answer within this process: a program each would take long. */
export function hostOf(
  directory: string,
  { fake, env }: IllumosPrograms,
  overrides: Partial<PluginHost> = {},
): PluginHost {
  const real = createRealHost({ directory, env: { ...env, ...overrides.env } });
  return { ...real, platform: 'sunos', exec: execOf(fake, real), ...overrides, env: real.env };
}

function execOf(fake: FakeIllumos, { exec, error }: Pick<PluginHost, 'exec' | 'error'>): Exec {
  return async (file, args, options = {}) => {
    const [tool = '', ...rest] = file === 'pfexec' ? args : [file, ...args];
    if (!FakeIllumos.tools.includes(tool)) return exec(file, args, options);
    options.signal?.throwIfAborted();
    const result = fake.run(tool, rest);
    // What it did is done; whoever aborted meanwhile hears of that.
    await Promise.resolve();
    options.signal?.throwIfAborted();
    if (result.stdout !== '') await options.onStdout?.(Buffer.from(result.stdout));
    if (result.exitCode !== 0 && options.allowFailure !== true) {
      throw error('VMCTL_HOST_COMMAND_FAILED', {
        message: `${file} failed with exit code ${result.exitCode}:\n${result.stderr.trim()}`,
        details: {
          command: file,
          args,
          exitCode: result.exitCode,
          signal: null,
          stderr: result.stderr.trim(),
        },
      });
    }
    return result;
  };
}

/** A context that remembers the events. */
export function contextOf(
  signal: AbortSignal = new AbortController().signal,
): HypervisorContext & { readonly seen: VmctlEventBody[] } {
  const seen: VmctlEventBody[] = [];
  const log = { debug: () => undefined, child: () => log };
  return { signal, log, events: { emit: (event) => void seen.push(event) }, seen };
}

/** The processes that belong to a directory: the servers in run directories below it, and recorders. */
export async function processesOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const isRecorder = line.includes('recorder-program') && line.includes(`${directory}/`);
    if (cwd.startsWith(`${directory}/`) || isRecorder)
      found.push(`process ${pid}: ${line.replaceAll('\0', ' ')}`);
  }
  return found;
}

/** What there is on a fake host for VMs: disks, VNICs, processes. Images stay for others. */
export async function inventoryOf(fake: FakeIllumos, directory: string): Promise<string[]> {
  const { datasets, vnics } = fake.state;
  return [
    ...Object.keys(datasets).filter((name) => name.includes('/vms/')),
    ...Object.keys(vnics),
    ...(await processesOf(directory)),
  ];
}

/** A fake illumos host for each test, with VMs on it. Whatever is left of them ends with the test. */
export function useIllumosLab() {
  let root = '';
  let programs: IllumosPrograms | undefined;
  const handles: VmHandle[] = [];
  const lab = {
    get root(): string {
      return root;
    },
    get fake(): FakeIllumos {
      return lab.programs.fake;
    },
    get programs(): IllumosPrograms {
      if (programs === undefined) throw new Error('the lab is open within a test only');
      return programs;
    },
    host(overrides: Partial<PluginHost> = {}): PluginHost {
      return hostOf(root, lab.programs, overrides);
    },
    backend(options: PropolisBackendOptions = {}, overrides: Partial<PluginHost> = {}): PropolisBackend {
      return new PropolisBackend(lab.host(overrides), { recorderCommand: RECORDER_COMMAND, ...options });
    },
    /** A VM with a work directory, a seed and an image. */
    async spec(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmSpec> {
      const workDir = join(root, 'vms', name);
      await mkdir(workDir, { recursive: true, mode: 0o700 });
      const seedIsoPath = join(workDir, 'seed.iso');
      await writeFile(seedIsoPath, Buffer.alloc(64 * 1024));
      const path = join(root, 'disk.img');
      await writeFile(path, Buffer.alloc(IMAGE_BYTES, 'vmctl'), { flag: 'wx' }).catch(() => undefined);
      return {
        id: `propolis-${randomUUID()}`,
        name,
        backend: 'propolis',
        workDir,
        image: { path, format: 'raw', virtualSize: IMAGE_BYTES },
        vcpus: 1,
        memoryMb: 64,
        firmware: 'uefi',
        network: { type: 'vnic' },
        forwards: [],
        macAddress: '52:54:00:00:00:01',
        seedIsoPath,
        ...changes,
      };
    },
    /** From now on that VM is destroyed after the test. */
    adopt(handle: VmHandle): VmHandle {
      handles.push(handle);
      return handle;
    },
    async prepared(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmHandle> {
      return lab.adopt(await lab.backend().prepare(await lab.spec(name, changes), contextOf()));
    },
    async running(name = 'web', changes: Partial<VmSpec> = {}): Promise<VmHandle> {
      return lab.backend().start(await lab.prepared(name, changes), contextOf());
    },
    /** Running, and its recorder is connected and asks nothing more: an answer that is made up is not for it. */
    async recorded(backend: PropolisBackend = lab.backend()): Promise<VmHandle> {
      const vm = await backend.start(await lab.prepared(), contextOf());
      await lab.tell(vm, 'say', 'booting\n');
      const log = join(vm.work_dir, 'console.log');
      await until('the recorder to be connected', async () =>
        (await readFile(log, 'utf8')).includes('booting'),
      );
      return vm;
    },
    /** A propolis-server that does something else, or something before: the lines of a script. */
    async serverThat(...lines: readonly string[]): Promise<string> {
      const path = join(root, 'other-server');
      await writeFile(path, ['#!/bin/sh', ...lines].join('\n'), { mode: 0o755 });
      return path;
    },
    /** Plays the guest, or the world around it: see `POST /fake/…` of the fake server. */
    async tell(vm: VmHandle, what: string, body = ''): Promise<void> {
      const port = (await readRecord(vm.work_dir))?.run?.port;
      const response = await fetch(`http://127.0.0.1:${port}/fake/${what}`, { method: 'POST', body });
      if (!response.ok) throw new Error(`/fake/${what}: ${response.status} ${await response.text()}`);
    },
    inventory(): Promise<string[]> {
      return inventoryOf(lab.fake, root);
    },
  };
  beforeEach(async () => {
    root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-propolis-'));
    programs = await makeIllumos(root);
  });
  afterEach(async () => {
    const backend = lab.backend({ patience: { migrationMs: 0 } });
    let left: string[] = [];
    try {
      for (const handle of handles.splice(0)) {
        await lab.tell(handle, 'end-migration').catch(() => undefined);
        await backend.destroy(handle, contextOf());
      }
    } finally {
      left = await processesOf(root);
      await rm(root, { recursive: true, force: true });
    }
    if (left.length > 0) throw new Error(`processes are left:\n${left.join('\n')}`);
  });
  return lab;
}
