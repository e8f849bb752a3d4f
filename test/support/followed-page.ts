import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Something that a page asks its reader to do. */
export type PageStep =
  | {
      readonly kind: 'file';
      /** In the page, for messages. */
      readonly line: number;
      /** Relative to the directory in which the session is. */
      readonly path: string;
      readonly text: string;
    }
  | {
      readonly kind: 'command';
      readonly line: number;
      readonly command: string;
      readonly expected: RegExp;
      readonly exitCode: number;
    };

const BLOCK = /^(?<fence>`{3,})(?<info>[^\n]*)\n(?<text>[^]*?)^\k<fence>$/gm;
/** Blocks that the reader only reads, or has done before. */
const READ_ONLY: readonly string[] = ['sh', 'kdl fragment'];

/**
 * The steps of a page: blocks with a file name after their language are files, `console` blocks are sessions.
 *
 * @throws for a block that is neither, and that nobody would follow
 */
export function stepsOf(page: string): PageStep[] {
  return [...page.matchAll(BLOCK)].flatMap(({ index, groups }): PageStep[] => {
    const { info = '', text = '' } = groups ?? {};
    const line = page.slice(0, index).split('\n').length;
    if (READ_ONLY.includes(info)) return [];
    if (info === 'console') return commandsOf(text, line);
    const path = info.split(' ')[1];
    if (path === undefined) throw new Error(`Line ${line}: nobody follows a block of "${info}".`);
    return [{ kind: 'file', line, path, text }];
  });
}

function commandsOf(session: string, firstLine: number): PageStep[] {
  const lines = session.trimEnd().split('\n');
  if (lines[0]?.startsWith('$ ') !== true) throw new Error(`Line ${firstLine}: the session has no command.`);
  return lines.flatMap((text, index): PageStep[] => {
    if (!text.startsWith('$ ')) return [];
    const next = lines.findIndex((other, place) => place > index && other.startsWith('$ '));
    const output = lines.slice(index + 1, next < 0 ? undefined : next);
    const exit = /^\[exit (\d+)\]$/.exec(output.at(-1) ?? '')?.[1];
    const shown = (exit === undefined ? output : output.slice(0, -1)).join('\n');
    return [
      {
        kind: 'command',
        line: firstLine + 1 + index,
        command: text.slice(2),
        expected: patternOf(shown),
        exitCode: Number(exit ?? 0),
      },
    ];
  });
}

/** What is shown as a pattern; `…` stands for anything, and on a line of its own for any number of lines. */
function patternOf(shown: string): RegExp {
  const parts = shown
    .split('…')
    .map((part) => part.replaceAll(/^\n+|\n+$/g, '').replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(parts.join('[^]*?'));
}

/** A shell session that follows steps. */
export class PageSession {
  #directory: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  /** @param options.timeoutMs - of one command */
  constructor(options: {
    readonly directory: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  }) {
    this.#directory = options.directory;
    this.#env = options.env;
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws when a command does not end as the page says, or does not print what the page shows */
  async follow(step: PageStep): Promise<void> {
    if (step.kind === 'file') {
      const path = join(this.#directory, step.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, step.text);
      return;
    }
    const { exitCode, output } = await this.#run(step.command);
    const report = `Line ${step.line}: $ ${step.command}\n${output}[exit ${exitCode}]`;
    if (exitCode !== step.exitCode) throw new Error(`${report}, not ${step.exitCode} as the page says`);
    if (!step.expected.test(output)) throw new Error(`${report}\nThe page shows: ${step.expected.source}`);
  }

  /** A command changes the directory for those after it. */
  async #run(command: string): Promise<{ readonly exitCode: number; readonly output: string }> {
    const script = `exec 2>&1\n${command}\nstatus=$?\npwd >&3\nexit $status`;
    const place = join(this.#env['HOME'] ?? this.#directory, '.page-directory');
    return new Promise((resolve) => {
      execFile(
        'bash',
        ['-c', `exec 3>"$1"\n${script}`, 'bash', place],
        {
          cwd: this.#directory,
          env: this.#env,
          timeout: this.#timeoutMs,
          killSignal: 'SIGKILL',
          maxBuffer: 64 * 1024 * 1024,
        },
        (error, stdout) => {
          const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          void readFile(place, 'utf8').then((text) => {
            if (text !== '') this.#directory = text.trim();
            resolve({ exitCode, output: stdout });
          });
        },
      );
    });
  }
}
