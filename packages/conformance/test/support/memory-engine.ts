import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { VmHandle, VmSpec, VmStateName } from '@vmctl/core/plugin';

/** A machine of the engine. */
interface Machine {
  readonly workDir: string;
  readonly port: number;
  booted: boolean;
  pid: number | null;
  suspended: boolean;
  /** How it last ended. */
  ended: 'by itself' | 'by force' | undefined;
  console: Server | undefined;
}

/** How long its guests take to power off, in milliseconds. */
const POWER_OFF_MS = 100;

/** What runs machines without running anything: it outlives the instances of the backend, as a host does. */
export class MemoryEngine {
  readonly machines = new Map<string, Machine>();
  /** An error that the next operation of that kind runs into. */
  fault: { readonly during: 'prepare' | 'start'; readonly error: Error } | undefined;
  #nextPid = 1000;

  define(spec: VmSpec): void {
    this.machines.set(spec.id, {
      workDir: spec.workDir,
      port: spec.sshHostPort ?? 0,
      booted: false,
      pid: null,
      suspended: false,
      ended: undefined,
      console: undefined,
    });
  }

  undefine(id: string): void {
    this.machines.delete(id);
  }

  meet(during: 'prepare' | 'start'): void {
    if (this.fault?.during !== during) return;
    const { error } = this.fault;
    this.fault = undefined;
    throw error;
  }

  stateOf(id: string): VmStateName {
    const machine = this.machines.get(id);
    if (machine === undefined) return 'destroyed';
    if (machine.pid !== null) return machine.suspended ? 'suspended' : 'running';
    return machine.booted ? 'stopped' : 'prepared';
  }

  /** Starts a machine whose console is at that socket. */
  async launch(id: string, consolePath: string): Promise<number> {
    const machine = this.#machine(id);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('hello\n');
    });
    // A defect may leave it; the tests end all the same.
    server.unref();
    machine.console = server;
    machine.pid = this.#nextPid++;
    machine.booted = true;
    machine.suspended = false;
    machine.ended = undefined;
    await rm(consolePath, { force: true });
    await new Promise<void>((resolve) => server.listen(consolePath, resolve));
    return machine.pid;
  }

  /** Ends a machine at once. */
  async kill(id: string, ended: Machine['ended'] = 'by force'): Promise<void> {
    const machine = this.#machine(id);
    const { console: server } = machine;
    machine.pid = null;
    machine.ended = ended;
    machine.console = undefined;
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
  }

  /** Asks a guest to power off; says whether it did in time. */
  async powerOff(id: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { setTimeout } = await import('node:timers/promises');
    try {
      await setTimeout(Math.min(timeoutMs, POWER_OFF_MS), undefined, { signal });
    } catch {
      signal.throwIfAborted();
    }
    if (timeoutMs < POWER_OFF_MS) return false;
    await this.kill(id, 'by itself');
    return true;
  }

  /** What is there below a directory: disks and processes. */
  inventory(directory: string): readonly string[] {
    return [...this.machines].flatMap(([id, { workDir, pid }]) => {
      if (!workDir.startsWith(`${directory}/`)) return [];
      return [`machine ${id}`, ...(pid === null ? [] : [`process of ${id}`])];
    });
  }

  #machine(id: string): Machine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw new Error(`there is no machine ${id}`);
    return machine;
  }
}

/** Where a VM's console is. */
export function consolePathOf(vm: Pick<VmHandle, 'work_dir'>): string {
  return `${vm.work_dir}/console.sock`;
}
