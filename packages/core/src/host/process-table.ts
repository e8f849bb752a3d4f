import { setTimeout as sleep } from 'node:timers/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from './fs-error.js';
import { IllumosProcesses } from './illumos-processes.js';
import { LinuxProcesses } from './linux-processes.js';
import type { ProcessIdentity, ProcessTable } from './process-contract.js';
import type { ProcessReader } from './process-reader.js';
import { PsProcesses } from './ps-processes.js';

const SHORTEST_POLL_MS = 2;
const LONGEST_POLL_MS = 50;

/** The processes of this host. */
export function createProcessTable(reader: ProcessReader = readerFor(process.platform)): ProcessTable {
  const table: ProcessTable = {
    async identify(pid) {
      // 0 and negative ids mean process groups to kill(2).
      if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
      const startTime = await reader.startTime(pid);
      return startTime === undefined ? undefined : { pid, startTime };
    },

    async isAlive(identity) {
      return (await table.identify(identity.pid))?.startTime === identity.startTime;
    },

    async commandLine(identity) {
      const commandLine = await reader.commandLine(identity.pid);
      // Asked afterwards, so that the arguments cannot be those of a process that took over the id.
      return (await table.isAlive(identity)) ? commandLine : undefined;
    },

    async signal(identity, signal) {
      if (!(await table.isAlive(identity))) return false;
      return kill(identity, signal);
    },

    async waitForExit(identity, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      for (let pause = SHORTEST_POLL_MS; ; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
        signal?.throwIfAborted();
        if (!(await table.isAlive(identity))) return true;
        const left = deadline - performance.now();
        if (left <= 0) return false;
        // An abort rejects with an error of the timer's; the next turn throws the reason.
        await sleep(Math.min(pause, left), undefined, signal === undefined ? {} : { signal }).catch(
          () => undefined,
        );
      }
    },
  };
  return table;
}

/** How this platform's processes are read. */
function readerFor(platform: NodeJS.Platform): ProcessReader {
  if (platform === 'linux') return new LinuxProcesses();
  if (platform === 'sunos') return new IllumosProcesses();
  return new PsProcesses();
}

function kill({ pid }: ProcessIdentity, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw new VmctlError('VMCTL_PROCESS_NOT_OURS', {
      message: `The process ${pid} cannot be sent ${signal}: it belongs to another user.`,
      hint: `See whose it is: ps -o user,args -p ${pid}`,
      cause: error,
      details: { pid, signal },
    });
  }
}
