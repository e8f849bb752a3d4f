import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
// By the name of the file: the benchmarks load this one as it is.
import { type LastWill, makeLastWill } from '../../packages/core/test/support/last-will.ts';

export const repositoryRoot = join(import.meta.dirname, '../..');
const executable = join(repositoryRoot, 'packages/core/bin/run.js');

/** How a command ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `vmctl`. */
export interface RunningCommand {
  readonly pid: number;
  readonly done: Promise<CommandResult>;
  /** Resolves when stdout and stderr together match. Rejects when the command ends before. */
  output(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Close the reading end of stdout at once, as `| true` does. */
  readonly closeOutput?: boolean;
  /** What it reads; default: nothing. `null`: a pipe that stays open and empty. */
  readonly input?: string | Uint8Array | null;
}

/** A home directory of its own with a project in it: what a newcomer has. The CLI is the built one, if not said otherwise. */
export class VmctlHome {
  readonly root: string;
  /** Where the VMFile is. */
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;

  readonly #executable: string;
  readonly #lastWill: LastWill;

  private constructor(root: string, program: string) {
    this.root = root;
    this.#executable = program;
    this.project = join(root, 'project');
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      XDG_DATA_HOME: join(root, 'data'),
      XDG_CONFIG_HOME: join(root, 'config'),
      XDG_CACHE_HOME: join(root, 'cache'),
      XDG_STATE_HOME: join(root, 'state'),
      CI: 'true',
    };
    // Its files stay when a VM does.
    const script = '"$1" "$2" destroy --all --yes && rm -rf "$3"';
    this.#lastWill = makeLastWill(script, [process.execPath, program, root], this.env);
  }

  /**
   * @param options - `plugins` are folders of packages/ that are linked like a user would link them; `executable`:
   *   another vmctl than the built one, relative paths from the root of the home
   */
  static async create(
    options: { plugins?: readonly string[]; executable?: string } = {},
  ): Promise<VmctlHome> {
    // Programs say paths without links.
    const root = await mkdtemp(join(await realpath(tmpdir()), 'vmctl-test-'));
    const { executable: program = executable } = options;
    const home = new VmctlHome(root, isAbsolute(program) ? program : join(root, program));
    await mkdir(home.project);
    for (const plugin of options.plugins ?? []) {
      const linked = await home.vmctl('plugins', 'link', join(repositoryRoot, 'packages', plugin));
      if (linked.code === 0) continue;
      await home.remove();
      throw new Error(`plugins link ${plugin} failed: ${linked.stderr}`);
    }
    return home;
  }

  get dataDir(): string {
    return join(this.root, 'data/vmctl');
  }

  workDir(vm: string): string {
    return join(this.dataDir, 'vms', vm);
  }

  /** Writes a file of the project, by default the VMFile. */
  async write(content: string | Uint8Array, path = 'VMFile.kdl'): Promise<string> {
    const file = join(this.project, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  /** Runs vmctl to its end. */
  async vmctl(...args: readonly string[]): Promise<CommandResult> {
    return this.start(args).done;
  }

  /** Runs vmctl and gives what it printed, as JSON. */
  async json(...args: readonly string[]): Promise<unknown> {
    const { stdout, stderr, code } = await this.vmctl(...args, '--json');
    if (stdout === '') throw new Error(`vmctl ${args.join(' ')} printed nothing (exit ${code}): ${stderr}`);
    return JSON.parse(stdout);
  }

  start(args: readonly string[], options: RunOptions = {}): RunningCommand {
    const child = spawn(process.execPath, [this.#executable, ...args], {
      cwd: options.cwd ?? this.project,
      env: { ...this.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A command may end without having read everything.
    child.stdin.on('error', () => undefined);
    if (options.input !== null) child.stdin.end(options.input ?? '');
    if (options.closeOutput === true) child.stdout.destroy();
    let stdout = '';
    let stderr = '';
    let ended = false;
    const watchers = new Set<() => void>();
    const notify = (): void => watchers.forEach((watch) => watch());
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      notify();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      notify();
    });
    const done = new Promise<CommandResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        ended = true;
        resolve({ code, signal, stdout, stderr });
        notify();
      });
    });
    return {
      pid: child.pid ?? -1,
      done,
      output: (pattern) =>
        new Promise((resolve, reject) => {
          const watch = (): void => {
            if (pattern.test(stdout + stderr)) resolve();
            else if (ended) reject(new Error(`ended without ${String(pattern)}:\n${stdout}${stderr}`));
            else return;
            watchers.delete(watch);
          };
          watchers.add(watch);
          watch();
        }),
      kill: (signal) => void child.kill(signal),
    };
  }

  /** What vms.json says. */
  async registry(): Promise<Record<string, Record<string, unknown>>> {
    return JSON.parse(await readFile(join(this.dataDir, 'vms.json'), 'utf8'));
  }

  /** Ends every VM and removes everything. */
  async remove(): Promise<void> {
    const { code, stdout, stderr } = await this.vmctl('destroy', '--all', '--yes');
    await rm(this.root, { recursive: true, force: true });
    await this.#lastWill.revoke();
    if (code !== 0) throw new Error(`destroy failed:\n${stdout}${stderr}`);
  }
}
