import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A child process that runs one TypeScript file of the tests, and speaks in lines. */
export class Child {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<number | NodeJS.Signals>;
  #stderr = '';

  constructor(
    script: URL,
    args: readonly string[] = [],
    options: { readonly wrap?: readonly string[] } = {},
  ) {
    const loader = new URL('./typescript-loader.js', import.meta.url);
    const node = [process.execPath, '--no-warnings', '--import', loader.href, fileURLToPath(script), ...args];
    const [file = '', ...rest] = [...(options.wrap ?? []), ...node];
    this.process = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#exit = once(this.process, 'exit').then(([code, signal]) => code ?? signal);
    this.process.stderr?.on('data', (chunk) => (this.#stderr += String(chunk)));
    if (this.process.stdout === null) throw new Error('no stdout');
    this.#lines = createInterface(this.process.stdout)[Symbol.asyncIterator]();
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the child did not start');
    return this.process.pid;
  }

  /** The next line of its output. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`the child said nothing more; stderr: ${this.#stderr}`);
    return next.value;
  }

  /** Sends a line to its input. */
  tell(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** Its exit code, or the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals> {
    return this.#exit;
  }

  /** Ends it with SIGKILL, and waits for that. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exit;
  }

  get stderr(): string {
    return this.#stderr;
  }
}
