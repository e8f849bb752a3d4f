import { execFile } from 'node:child_process';
import type { ProcessReader } from './process-reader.js';

/** Processes through `ps`, for systems without a /proc that we can read (macOS, BSD). */
export class PsProcesses implements ProcessReader {
  async startTime(pid: number): Promise<string | undefined> {
    const line = await ps(pid, ['-o', 'stat=', '-o', 'lstart=']);
    const [, state, start] = /^(\S+)\s+(\S.*)$/.exec(line) ?? [];
    return state === undefined || state.startsWith('Z') ? undefined : start;
  }

  async commandLine(pid: number): Promise<readonly string[] | undefined> {
    const line = await ps(pid, ['-o', 'args=']);
    return line === '' ? undefined : line.split(' ');
  }
}

/** What ps prints about a process; nothing when there is none. */
function ps(pid: number, columns: readonly string[]): Promise<string> {
  const options = { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, timeout: 10_000 };
  return new Promise((resolve, reject) => {
    execFile('ps', ['-ww', ...columns, '-p', String(pid)], options, (error, stdout) => {
      // ps exits with 1 when it has nothing to show; an error code that is a string means that it did not run.
      if (error !== null && (typeof error.code === 'string' || error.killed === true)) reject(error);
      else resolve(stdout.trim());
    });
  });
}
