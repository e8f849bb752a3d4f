import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../packages/core/test/support/until.js';

const execFileAsync = promisify(execFile);

export interface TmuxOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal with a shell in it, in a tmux server of its own: what somebody sees who works with vmctl. */
export class Tmux {
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#env = env;
  }

  static async create({ cwd, env, columns = 100, rows = 40 }: TmuxOptions): Promise<Tmux> {
    const directory = await mkdtemp(join(tmpdir(), 'vmctl-tmux-'));
    const tmux = new Tmux(directory, { ...env, LC_ALL: 'C.UTF-8' });
    const size = ['-x', String(columns), '-y', String(rows)];
    await tmux.#run('-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, 'exec sh');
    try {
      // A shell of root has a prompt of its own.
      await tmux.shows(/^[$#]/m);
    } catch (error) {
      await tmux.end();
      throw error;
    }
    return tmux;
  }

  /** What is on the screen, without colours. */
  screen(): Promise<string> {
    return this.#run('capture-pane', '-p', '-J');
  }

  /** Waits until the screen matches. */
  async shows(pattern: RegExp): Promise<void> {
    let screen = '';
    await until(`${String(pattern)} on the screen`, async () => {
      screen = await this.screen();
      return pattern.test(screen);
    }).catch((error: unknown) => {
      throw new Error(`The screen has:\n${screen}`, { cause: error });
    });
  }

  /** Types a line into whatever runs. */
  async type(line: string): Promise<void> {
    await this.#run('send-keys', '-l', line);
    await this.press('Enter');
  }

  /** Presses a key by the name that tmux has for it: `C-]`. */
  async press(key: string): Promise<void> {
    await this.#run('send-keys', key);
  }

  /** Ends the shell and all that runs in it. */
  async end(): Promise<void> {
    await this.#run('kill-server');
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #run(...args: readonly string[]): Promise<string> {
    const socket = join(this.#directory, 'socket');
    return (await execFileAsync('tmux', ['-S', socket, ...args], { env: this.#env })).stdout;
  }
}
