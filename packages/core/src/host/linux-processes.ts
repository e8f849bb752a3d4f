import { readFile } from 'node:fs/promises';
import { errnoOf } from './fs-error.js';
import type { ProcessReader } from './process-reader.js';

/** What `/proc/<pid>/stat` says, as far as it is needed; see proc_pid_stat(5). */
export interface LinuxStat {
  /** One letter: `R`, `S`, `Z` … */
  readonly state: string;
  /** Clock ticks between boot and start. */
  readonly startTicks: string;
}

/** Reads a `/proc/<pid>/stat` line. The command in it may hold blanks, parentheses and line ends. */
export function parseLinuxStat(line: string): LinuxStat | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // The first one after the command is field 3 of the manual page, the state; the start time is field 22.
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === undefined || startTicks === undefined || !/^\d+$/.test(startTicks)) return undefined;
  return { state, startTicks };
}

/** Processes of Linux, through /proc. */
export class LinuxProcesses implements ProcessReader {
  #boot: Promise<string> | undefined;

  async startTime(pid: number): Promise<string | undefined> {
    const line = await readProc(`/proc/${pid}/stat`);
    const stat = line === undefined ? undefined : parseLinuxStat(line);
    if (stat === undefined || 'ZXx'.includes(stat.state) || (await isThread(pid))) return undefined;
    this.#boot ??= bootId();
    return `${await this.#boot}:${stat.startTicks}`;
  }

  async commandLine(pid: number): Promise<readonly string[] | undefined> {
    const text = await readProc(`/proc/${pid}/cmdline`);
    // Kernel threads and processes that are about to end have an empty one.
    if (text === undefined || text === '') return undefined;
    return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
  }
}

/** Ticks start anew with each boot, so they need one more mark. The boot's time would do but for clock changes. */
async function bootId(): Promise<string> {
  const id = await readProc('/proc/sys/kernel/random/boot_id');
  if (id !== undefined) return id.trim();
  const stat = await readProc('/proc/stat');
  return /^btime (\d+)$/m.exec(stat ?? '')?.[1] ?? 'boot';
}

/** The ids of threads can be opened in /proc as if they were processes; listings leave them out. */
async function isThread(pid: number): Promise<boolean> {
  const status = await readProc(`/proc/${pid}/status`);
  return /^Tgid:\s*(\d+)$/m.exec(status ?? '')?.[1] !== String(pid);
}

async function readProc(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // ESRCH: the process ended between open and read.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
