import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { VmctlError } from '../errors/vmctl-error.js';
import { installHint } from '../host/package-hints.js';

/**
 * Runs a program on this terminal and resolves to its exit status; 128 + n when signal n ended it. Signals of the
 * terminal go to the program, which decides.
 *
 * @throws VMCTL_HOST_COMMAND_MISSING
 */
export async function runInForeground(file: string, args: readonly string[]): Promise<number> {
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  process.on('SIGQUIT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(file, args, { stdio: 'inherit' });
      child.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? missingProgram(file, error) : error),
      );
      child.once('exit', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    process.off('SIGINT', ignore);
    process.off('SIGQUIT', ignore);
  }
}

function missingProgram(file: string, cause: Error): VmctlError {
  return new VmctlError('VMCTL_HOST_COMMAND_MISSING', {
    message: `The program "${file}" is needed, and is not installed (not found in PATH).`,
    hint: installHint(file),
    cause,
    details: { command: file },
  });
}
