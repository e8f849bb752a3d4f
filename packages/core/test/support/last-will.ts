import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

/** What is left to a shell to do, should this process end before it takes it back. */
export interface LastWill {
  /** Ends the shell without its having done anything. */
  revoke(): Promise<void>;
}

/**
 * Starts a shell that waits for the end of this process, however it ends, and then runs a script: what a test that is killed
 * cannot do any more. The shell is in a session of its own, so that a signal for the terminal does not reach it.
 *
 * @param args - `$1` and so on of the script
 */
export function makeLastWill(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): LastWill {
  // The other end of its pipe is held by nobody but this process.
  const shell = spawn('sh', ['-c', `read -r _ && exit\n${script}`, 'sh', ...args], {
    cwd: '/',
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.stdin.on('error', () => undefined);
  // A test that does not take it back still ends.
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  const ended = once(shell, 'exit');
  return {
    async revoke() {
      // Where nothing else is left to do, it is still waited for.
      shell.ref();
      shell.stdin.end('\n');
      await ended;
    },
  };
}
