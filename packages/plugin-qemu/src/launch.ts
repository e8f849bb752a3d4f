import { setTimeout } from 'node:timers/promises';
import type { PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import { qemuArguments, type QemuMachine } from './qemu-arguments.js';
import type { QemuBinary } from './qemu-binary.js';
import { QemuProcess } from './qemu-process.js';
import { QmpClient, type QemuVersion } from './qmp-client.js';
import { explainStartFailure, type StartFailure } from './start-failure.js';
import { codeOf, messageOf } from './thrown.js';
import { endProcess, findProcess } from './vm-process.js';
import { removeRunFiles } from './work-files.js';

/** Between two tries to reach the control socket; QEMU needs 50 ms and more until it answers. */
const POLL_MS = 5;
const SLOW_POLL_MS = 50;
const FAST_POLLS = 100;

/** A QEMU that answers. */
export interface Launched {
  readonly process: QemuProcess;
  readonly identity: ProcessIdentity;
  readonly version: QemuVersion;
}

/** A QEMU that gave up by itself, with its own words. */
export class QemuStartError extends Error {
  readonly failure: StartFailure;

  constructor(message: string, failure: StartFailure) {
    super(message);
    this.failure = failure;
  }
}

export interface LaunchOptions {
  readonly host: PluginHost;
  readonly vm: VmHandle;
  readonly binary: QemuBinary;
  readonly machine: QemuMachine;
  /** How long QEMU may take to answer. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Starts QEMU and waits until its control socket answers. Whatever goes wrong, no QEMU is left behind.
 *
 * @throws {@link QemuStartError} when QEMU ends before it answers; VMCTL_QEMU_START_FAILED when it never does
 */
export async function launchQemu(options: LaunchOptions): Promise<Launched> {
  const { host, vm, binary, machine, signal } = options;
  signal.throwIfAborted();
  const args = qemuArguments(machine);
  host.log.debug(`starting ${binary.path}`, args);
  const process = new QemuProcess(binary.path, args, host.env);
  try {
    const version = await waitForGreeting(process, options);
    const identity = await identify(process, options);
    signal.throwIfAborted();
    process.release();
    return { process, identity, version };
  } catch (error) {
    await process.kill();
    // A wrapper script can end before the QEMU that it has started.
    const left = await findProcess(host, vm, { search: true });
    if (left !== undefined) await endProcess(host.processes, left);
    await removeRunFiles(vm);
    throw error;
  }
}

async function waitForGreeting(
  process: QemuProcess,
  { host, vm, machine, deadlineMs, signal }: LaunchOptions,
): Promise<QemuVersion> {
  const deadline = performance.now() + deadlineMs;
  const gone = new AbortController();
  void process.ended.then(() => {
    gone.abort();
  });
  const either = AbortSignal.any([signal, gone.signal]);
  for (let polls = 0; ; polls += 1) {
    const remaining = deadline - performance.now();
    if (remaining <= 0) throw tooLate(host, process, deadlineMs);
    try {
      await using client = await QmpClient.connect(machine.qmpSocketPath, {
        error: host.error,
        signal: either,
        timeoutMs: remaining,
      });
      return client.version;
    } catch (error) {
      signal.throwIfAborted();
      if (process.end !== undefined) throw gaveUp(process, vm, machine);
      const code = codeOf(error);
      if (code === 'VMCTL_QMP_TIMEOUT') throw tooLate(host, process, deadlineMs);
      // A connection that breaks is QEMU's end, which is about to be seen.
      if (code !== 'VMCTL_QMP_UNREACHABLE' && code !== 'VMCTL_QMP_DISCONNECTED')
        throw speaksNonsense(host, error);
    }
    // An abort ends the pause; the next round sees why.
    await setTimeout(polls < FAST_POLLS ? POLL_MS : SLOW_POLL_MS, undefined, { signal: either }).catch(
      () => undefined,
    );
  }
}

/** The process that serves the VM: a wrapper script may have started it as its child. */
async function identify(
  process: QemuProcess,
  { host, vm, machine }: LaunchOptions,
): Promise<ProcessIdentity> {
  const found = await findProcess(host, { ...vm, pid: null, pid_start_time: null }, { search: false });
  const own = process.pid === undefined ? undefined : await host.processes.identify(process.pid);
  const identity = found ?? own;
  if (identity === undefined) throw gaveUp(process, vm, machine);
  return identity;
}

/** Nothing failed in QEMU: it was told to end, and the guest can do that before vmctl has reached QEMU. */
function endedInOrder(vm: VmHandle): string {
  return (
    `The guest powered itself off at once, or something ended QEMU. See what the guest said: ` +
    `vmctl log ${vm.name} --console. Where VMCTL_QEMU is set, check that it is a QEMU.`
  );
}

function gaveUp(process: QemuProcess, vm: VmHandle, { network }: QemuMachine): QemuStartError {
  const { end, stderr } = process;
  const how =
    end?.error !== undefined
      ? `cannot be started: ${end.error.message}`
      : end?.signal
        ? `was ended by ${end.signal}`
        : `ended with exit code ${end?.exitCode ?? 'unknown'}`;
  const words = end?.signal === 'SIGSYS' ? `${stderr}\nBad system call`.trim() : stderr;
  const failure = explainStartFailure(words, network.type === 'tap' ? network.bridge : undefined);
  const hasNoHint = failure.kind === 'other' && failure.hint === undefined;
  return new QemuStartError(
    `QEMU ${how}${words === '' ? ', and said nothing.' : `:\n${words}`}`,
    hasNoHint && end?.exitCode === 0 ? { kind: 'other', hint: endedInOrder(vm) } : failure,
  );
}

function tooLate(host: PluginHost, process: QemuProcess, deadlineMs: number): Error {
  const { stderr } = process;
  return host.error('VMCTL_QEMU_START_FAILED', {
    message:
      `QEMU runs, but its control socket did not answer within ${deadlineMs / 1000} s; it was ended.` +
      (stderr === '' ? '' : `\nIt said:\n${stderr}`),
    hint: 'Where VMCTL_QEMU is set, check that it is a QEMU. A host that is short of memory can be that slow, too.',
  });
}

function speaksNonsense(host: PluginHost, cause: unknown): Error {
  return host.error('VMCTL_QEMU_START_FAILED', {
    message: `QEMU runs, but its control socket does not work; it was ended. ${messageOf(cause)}`,
    hint: 'Where VMCTL_QEMU is set, check that it is a QEMU.',
    cause,
  });
}
