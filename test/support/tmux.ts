import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endsWithParent } from '../../packages/core/test/support/ends-with-parent.js';
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
  /** Of its own; removed by `end`. */
  readonly directory: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #server: ChildProcess;

  private constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.directory = directory;
    this.#env = env;
    const [file = '', ...args] = endsWithParent(['tmux', '-S', this.#socket, '-f', '/dev/null', '-D']);
    this.#server = spawn(file, args, { env, stdio: 'ignore' });
  }

  static async create({ cwd, env, columns = 100, rows = 40 }: TmuxOptions): Promise<Tmux> {
    const directory = await mkdtemp(join(tmpdir(), 'vmctl-tmux-'));
    const tmux = new Tmux(directory, {
      ...env,
      LC_ALL: 'C.UTF-8',
      // Somebody watches, whatever runs the tests.
      CI: '',
    });
    const size = ['-x', String(columns), '-y', String(rows)];
    try {
      // Not before the server is there: tmux would start another one.
      await until('the tmux server', () => existsSync(tmux.#socket));
      await tmux.#run('-N', 'new-session', '-d', ...size, '-c', cwd, 'exec sh');
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

  /** The same with what has scrolled out at the top. */
  history(): Promise<string> {
    return this.#run('capture-pane', '-p', '-J', '-S', '-');
  }

  /** What is on the screen, row by row, with the sequences for colours. */
  colours(): Promise<string> {
    return this.#run('capture-pane', '-p', '-e');
  }

  /** Waits until the screen matches; for as long as everything waits, or for so long. */
  async shows(pattern: RegExp, withinMs?: number): Promise<void> {
    let screen = '';
    const matches = async (): Promise<boolean> => {
      screen = await this.screen();
      return pattern.test(screen);
    };
    await until(`${String(pattern)} on the screen`, matches, withinMs).catch((error: unknown) => {
      throw new Error(`The screen has:\n${screen}`, { cause: error });
    });
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Modes that a program may have changed, and has to put back. */
  async modes(): Promise<{ readonly isCursorShown: boolean; readonly wraps: boolean }> {
    const flags = await this.#run('display-message', '-p', '#{cursor_flag} #{wrap_flag}');
    const [cursor, wrap] = flags.trim().split(' ');
    return { isCursorShown: cursor === '1', wraps: wrap === '1' };
  }

  /** Types a line into whatever runs. */
  async type(line: string): Promise<void> {
    await this.write(line);
    await this.press('Enter');
  }

  /** Types words into whatever runs, and leaves the line as it is. */
  async write(words: string): Promise<void> {
    await this.#run('send-keys', '-l', words);
  }

  /** Presses a key by the name that tmux has for it: `C-]`. */
  async press(key: string): Promise<void> {
    await this.#run('send-keys', key);
  }

  /** Ends the shell and all that runs in it. */
  async end(): Promise<void> {
    const ended = once(this.#server, 'exit');
    this.#server.kill();
    await ended;
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Of the server. */
  get pid(): number | undefined {
    return this.#server.pid;
  }

  get #socket(): string {
    return join(this.directory, 'socket');
  }

  async #run(...args: readonly string[]): Promise<string> {
    return (await execFileAsync('tmux', ['-S', this.#socket, ...args], { env: this.#env })).stdout;
  }
}
