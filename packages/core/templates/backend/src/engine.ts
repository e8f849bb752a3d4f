import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHost, ProcessIdentity } from '@vmctl/core/plugin';

/** What runs a VM. A real backend starts its hypervisor here, with the arguments that make the machine. */
const PROGRAM = 'sleep';
const ARGUMENTS = ['2147483647'];

/** After SIGKILL only the kernel can hold a process. */
const KILL_MS = 10_000;

/** What this backend keeps of a VM, in the VM's work directory. */
export interface EngineRecord {
  readonly booted: boolean;
  /** A process is known by its id and its start time: the id alone may be another one's by now. */
  readonly process?: ProcessIdentity;
}

/** The record of the VM in a work directory; undefined when there is none. */
export async function readRecord(workDir: string): Promise<EngineRecord | undefined> {
  try {
    // Nobody else writes this file.
    return JSON.parse(await readFile(recordFile(workDir), 'utf8')) as EngineRecord;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the record in one step: whoever reads it meanwhile sees the old one or the new one. */
export async function writeRecord(host: PluginHost, workDir: string, record: EngineRecord): Promise<void> {
  await host.files.writeAtomic(recordFile(workDir), `${JSON.stringify(record)}\n`);
}

export async function removeRecord(workDir: string): Promise<void> {
  await rm(recordFile(workDir), { force: true });
}

/**
 * Starts the engine and lets go of it: it outlives vmctl.
 *
 * A vmctl that is killed between this and {@link writeRecord} leaves a process that nobody knows. Hypervisors that
 * write a pidfile of their own close this gap.
 */
export async function launch(host: PluginHost, workDir: string): Promise<ProcessIdentity> {
  const child = spawn(PROGRAM, ARGUMENTS, { cwd: workDir, detached: true, stdio: 'ignore' });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw host.error('TEMPLATE_WORD_START_FAILED', {
      message: `${PROGRAM} cannot be started: ${cause instanceof Error ? cause.message : String(cause)}.`,
      hint: `Check that it is installed: command -v ${PROGRAM}`,
      cause,
    });
  }
  child.unref();
  const identity = child.pid === undefined ? undefined : await host.processes.identify(child.pid);
  if (identity !== undefined) return identity;
  throw host.error('TEMPLATE_WORD_START_FAILED', {
    message: `${PROGRAM} ended right after it was started.`,
    hint: 'DEBUG=vmctl:* shows more.',
  });
}

/** Ends the engine: asks it, and after `timeoutMs` uses force. An abort ends the waiting. */
export async function end(
  host: PluginHost,
  engine: ProcessIdentity,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { timeoutMs, signal } = options;
  if (timeoutMs > 0) {
    if (!(await host.processes.signal(engine, 'SIGTERM'))) return;
    if (await host.processes.waitForExit(engine, { timeoutMs, signal })) return;
  }
  if (!(await host.processes.signal(engine, 'SIGKILL'))) return;
  if (await host.processes.waitForExit(engine, { timeoutMs: KILL_MS })) return;
  throw host.error('TEMPLATE_WORD_STOP_FAILED', {
    message: `The process ${engine.pid} does not end.`,
    hint: `See what holds it: cat /proc/${engine.pid}/stack`,
  });
}

function recordFile(workDir: string): string {
  return join(workDir, 'template-word.json');
}
