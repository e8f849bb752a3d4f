import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { PropolisClient } from './api/client.js';
import { waitForState } from './api/state-monitor.js';
import type { Instance } from './api/types.js';
import type { HostCommands } from './host/host-commands.js';
import { runOfHandle } from './handle-run.js';
import { endServerProcess, findServerProcess } from './server-process.js';
import { instanceId } from './spec/instance-spec.js';
import { codeOf } from './thrown.js';
import type { RunRecord, VmRecord } from './vm-record.js';

/** All servers listen on IPv4 loopback. */
export const LOOPBACK = '127.0.0.1';
/** How long a server may take to run a VM down after Stop. */
const RUN_DOWN_MS = 30_000;
/** For a command whose result nobody waits for with patience: `list` asks every VM. */
const STATUS_MS = 2_000;

/** Where a server writes what it says. */
export function logPathOf(directory: string): string {
  return join(directory, 'server.log');
}

/** What speaks to the server of a boot. */
export function clientFor(
  { error }: Pick<PluginHost, 'error'>,
  vm: Pick<VmHandle, 'name'>,
  run: Pick<RunRecord, 'port' | 'directory'>,
): PropolisClient {
  const address = { host: LOOPBACK, port: run.port };
  return new PropolisClient({ address, error, vm: vm.name, logPath: logPathOf(run.directory) });
}

/** A server of a VM that runs. */
export interface LiveServer {
  readonly run: RunRecord;
  readonly identity: ProcessIdentity;
  readonly client: PropolisClient;
}

/**
 * The server of a VM while its process lives; undefined when it is gone.
 *
 * @param record - undefined when it is lost: then the handle tells
 */
export async function findLive(
  host: Pick<PluginHost, 'processes' | 'error'>,
  vm: VmHandle,
  record: Pick<VmRecord, 'run'> | undefined,
): Promise<LiveServer | undefined> {
  const run = record === undefined ? await runOfHandle(vm) : record.run;
  if (run === null || run === undefined) return undefined;
  const identity = await findServerProcess(host, run);
  return identity === undefined ? undefined : { run, identity, client: clientFor(host, vm, run) };
}

/** What a server that lives has to say of its VM. */
export type Answer =
  | { readonly kind: 'instance'; readonly instance: Instance }
  /** It has no VM. */
  | { readonly kind: 'none' }
  /** It has the VM of somebody else. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'silent'; readonly error: unknown };

/** Asks the server for its VM. Rejects only after an abort. */
export async function askServer(
  host: Pick<PluginHost, 'error'>,
  vm: VmHandle,
  { client }: LiveServer,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const instance = await client.instance({ signal, timeoutMs: STATUS_MS });
    if (instance === undefined) return { kind: 'none' };
    if (instance.id !== instanceId(host.error, vm)) return { kind: 'foreign' };
    return { kind: 'instance', instance };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'silent', error };
  }
}

/**
 * Powers the VM off at once and ends its server. First Stop, then the process: a server that is killed leaves the
 * kernel's VM behind. Without a signal: what is begun here has to end.
 *
 * @param answer - what the server has said, if it was asked: the VM of somebody else is not told to stop
 * @throws VMCTL_PROPOLIS_STOP_FAILED when even SIGKILL does not end the server
 */
export async function runDown(
  host: PluginHost,
  commands: HostCommands,
  vm: VmHandle,
  live: LiveServer,
  answer?: Answer,
): Promise<void> {
  const { signal } = new AbortController();
  if (answer?.kind !== 'foreign') await powerOff(host, vm, live, signal);
  await endServer(host, commands, vm, live);
}

async function powerOff(
  host: PluginHost,
  vm: VmHandle,
  live: LiveServer,
  signal: AbortSignal,
): Promise<void> {
  try {
    // Not asked for its state first: one that is too slow to tell is told all the same.
    await live.client.requestState('Stop', { signal });
    const { error } = host;
    await waitForState(live.client, ['Destroyed'], { signal, timeoutMs: RUN_DOWN_MS, error, vm: vm.name });
  } catch (error) {
    // One that is gone, has no VM, or has run it down in this moment, is what is wanted.
    host.log.debug(`Stop of ${vm.name}: ${codeOf(error)}`, error);
  }
}

/** Ends the process of a server and removes its directory. */
export async function endServer(
  host: PluginHost,
  commands: HostCommands,
  vm: VmHandle,
  { identity, run }: Pick<LiveServer, 'identity' | 'run'>,
): Promise<void> {
  if (!(await endServerProcess(host, commands, identity))) {
    throw host.error('VMCTL_PROPOLIS_STOP_FAILED', {
      message: `The propolis-server of ${vm.name} (process ${identity.pid}) does not end, not even by SIGKILL: it hangs in the kernel.`,
      hint: 'That happens when a pool does not answer (zpool status). It ends when that answers, or with the host.',
      details: { vm: vm.name, pid: identity.pid },
    });
  }
  await removeRunDirectory(vm, run);
}

/** Removes the directory of a boot; only one of the work directory: a record that somebody edited must not remove others. */
export async function removeRunDirectory(
  vm: VmHandle,
  { directory }: Pick<RunRecord, 'directory'>,
): Promise<void> {
  if (dirname(directory) !== vm.work_dir) return;
  await rm(directory, { recursive: true, force: true });
}
