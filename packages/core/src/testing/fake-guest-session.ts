import { Readable } from 'node:stream';
import { VmctlError } from '../errors/vmctl-error.js';
import type { GuestExecOptions, GuestExecResult, GuestSession, TransferOptions } from '../guest/contract.js';
import { OutputTail } from '../host/output-tail.js';
import { FakeFiles } from './fake-files.js';

const TAIL_BYTES = 64 * 1024;

/** A command that was given to {@link FakeGuestSession.exec}. */
export interface FakeCommand {
  /** As it was given. */
  readonly command: string | readonly string[];
  /** As one text; words are joined by blanks. */
  readonly line: string;
  readonly env: Readonly<Record<string, string>>;
  /** All of its input, read before the command starts. */
  readonly stdin: Uint8Array;
}

/** One call, in the order they came. */
export type FakeCall = { state: 'open' | 'done' | 'failed' } & (
  | ({ readonly method: 'exec' } & FakeCommand)
  | { readonly method: 'upload' | 'download'; readonly localPath: string; readonly remotePath: string }
  | { readonly method: 'writeFile' | 'mkdir' | 'remove'; readonly remotePath: string }
  | { readonly method: 'end' }
);

/** What a scripted command does; by default it exits 0 and prints nothing. */
export interface FakeResult {
  readonly exitCode?: number | undefined;
  /** The signal that ended it; then there is no exit code. */
  readonly signal?: string | undefined;
  readonly stdout?: string | Uint8Array | undefined;
  readonly stderr?: string | Uint8Array | undefined;
}

/** What a scripted command works with. */
export interface FakeCommandIo {
  readonly files: FakeFiles;
  /** Aborted by the caller's signal, by its time limit, and by a disconnect. */
  readonly signal: AbortSignal;
  /** Resolves when the caller has taken the chunk. */
  stdout(chunk: string | Uint8Array): Promise<void>;
  stderr(chunk: string | Uint8Array): Promise<void>;
}

export type FakeReply =
  FakeResult | ((command: FakeCommand, io: FakeCommandIo) => FakeResult | void | Promise<FakeResult | void>);

/** Which commands a reply is for: a part of the line, a pattern, or a question. */
export type FakeMatcher = string | RegExp | ((command: FakeCommand) => boolean);

export interface FakeGuestOptions {
  /** Default `vm`. */
  readonly user?: string | undefined;
}

/**
 * A guest in memory, for tests of what works with a {@link GuestSession}: a file system, scripted commands, and a
 * record of all calls. A command that nobody scripted succeeds.
 *
 * ```ts
 * const guest = new FakeGuestSession().on('apt-get', { exitCode: 100, stderr: 'E: no such package\n' });
 * ```
 */
export class FakeGuestSession implements GuestSession {
  readonly user: string;
  readonly address: GuestSession['address'] = {
    kind: 'tcp',
    host: '127.0.0.1',
    port: 22,
    source: 'a fake guest',
  };
  readonly files: FakeFiles;
  readonly calls: FakeCall[] = [];
  readonly #replies: { readonly matches: (command: FakeCommand) => boolean; readonly reply: FakeReply }[] =
    [];
  readonly #connection = new AbortController();

  constructor({ user = 'vm' }: FakeGuestOptions = {}) {
    this.user = user;
    this.files = new FakeFiles(user === 'root' ? '/root' : `/home/${user}`);
  }

  /** Scripts commands; of several replies that fit, the one that was given last counts. */
  on(matcher: FakeMatcher, reply: FakeReply): this {
    this.#replies.unshift({ matches: matcherOf(matcher), reply });
    return this;
  }

  /** These commands go on until they are aborted. */
  hang(matcher: FakeMatcher): this {
    return this.on(matcher, (_, { signal }) => aborted(signal));
  }

  /** Breaks the connection: open and later calls fail. */
  disconnect(): void {
    this.#connection.abort(
      new VmctlError('VMCTL_GUEST_DISCONNECTED', { message: 'The connection to the guest was lost.' }),
    );
  }

  /** The commands that were run, each as one line. */
  get commands(): readonly string[] {
    return this.calls.flatMap((call) => (call.method === 'exec' ? [call.line] : []));
  }

  async exec(command: string | readonly string[], options: GuestExecOptions = {}): Promise<GuestExecResult> {
    const fake: FakeCommand = {
      command,
      line: typeof command === 'string' ? command : command.join(' '),
      env: { ...options.env },
      stdin: await bytesOf(options.stdin),
    };
    return this.#call({ method: 'exec', ...fake, state: 'open' }, options.signal, async (signal) => {
      const limit = options.timeoutMs === undefined ? undefined : timeLimit(options.timeoutMs, fake.line);
      try {
        const signals = [signal, ...(limit === undefined ? [] : [limit.signal])];
        return await this.#run(fake, options, AbortSignal.any(signals));
      } finally {
        limit?.stop();
      }
    });
  }

  upload(localPath: string, remotePath: string, options: TransferOptions = {}): Promise<void> {
    const call: FakeCall = { method: 'upload', localPath, remotePath, state: 'open' };
    return this.#call(call, options.signal, async () => {
      const bytes = await this.files.take(localPath, remotePath);
      options.onProgress?.(bytes);
    });
  }

  download(remotePath: string, localPath: string, options: TransferOptions = {}): Promise<void> {
    return this.#call({ method: 'download', localPath, remotePath, state: 'open' }, options.signal, () =>
      this.files.give(remotePath, localPath),
    );
  }

  writeFile(
    remotePath: string,
    content: string | Uint8Array,
    options: { readonly mode?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { mode = 0o600, signal } = options;
    return this.#call({ method: 'writeFile', remotePath, state: 'open' }, signal, async () =>
      this.files.set(remotePath, { kind: 'file', mode, content: Buffer.from(content) }),
    );
  }

  mkdir(remotePath: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#call({ method: 'mkdir', remotePath, state: 'open' }, options.signal, async () =>
      this.files.makeDirectory(remotePath),
    );
  }

  remove(remotePath: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#call({ method: 'remove', remotePath, state: 'open' }, options.signal, async () =>
      this.files.remove(remotePath),
    );
  }

  async end(): Promise<void> {
    this.calls.push({ method: 'end', state: 'done' });
    this.disconnect();
  }

  async #call<T>(
    call: FakeCall,
    caller: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.calls.push(call);
    const lost = this.#connection.signal;
    const signal = caller === undefined ? lost : AbortSignal.any([lost, caller]);
    try {
      signal.throwIfAborted();
      const result = await Promise.race([work(signal), aborted(signal)]);
      call.state = 'done';
      return result;
    } catch (error) {
      call.state = 'failed';
      throw error;
    }
  }

  async #run(command: FakeCommand, options: GuestExecOptions, signal: AbortSignal): Promise<GuestExecResult> {
    const stdout = new OutputTail(TAIL_BYTES);
    const stderr = new OutputTail(TAIL_BYTES);
    const print = async (
      chunk: string | Uint8Array,
      tail: OutputTail,
      sink: GuestExecOptions['onStdout'],
    ): Promise<void> => {
      signal.throwIfAborted();
      const bytes = Buffer.from(chunk);
      tail.push(bytes);
      await sink?.(bytes);
    };
    const io: FakeCommandIo = {
      files: this.files,
      signal,
      stdout: (chunk) => print(chunk, stdout, options.onStdout),
      stderr: (chunk) => print(chunk, stderr, options.onStderr),
    };
    const reply = this.#replies.find(({ matches }) => matches(command))?.reply ?? {};
    const work = async (): Promise<FakeResult> => {
      const result = typeof reply === 'function' ? await reply(command, io) : reply;
      return result ?? {};
    };
    const result = await Promise.race([work(), aborted(signal)]);
    if (result.stdout !== undefined) await io.stdout(result.stdout);
    if (result.stderr !== undefined) await io.stderr(result.stderr);
    return {
      exitCode: result.signal === undefined ? (result.exitCode ?? 0) : null,
      signal: result.signal ?? null,
      stdout: stdout.text(),
      stderr: stderr.text(),
    };
  }
}

function matcherOf(matcher: FakeMatcher): (command: FakeCommand) => boolean {
  if (typeof matcher === 'function') return matcher;
  if (typeof matcher === 'string') return ({ line }) => line.includes(matcher);
  return ({ line }) => matcher.test(line);
}

/** Rejects with the reason of the abort. */
function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}

function timeLimit(timeoutMs: number, line: string): { readonly signal: AbortSignal; stop(): void } {
  const limit = new AbortController();
  const message = `A command in the guest was ended after ${timeoutMs / 1000} s: ${line}`;
  const timer = setTimeout(
    () => limit.abort(new VmctlError('VMCTL_GUEST_COMMAND_TIMEOUT', { message })),
    timeoutMs,
  );
  return { signal: limit.signal, stop: () => clearTimeout(timer) };
}

async function bytesOf(stdin: GuestExecOptions['stdin']): Promise<Uint8Array> {
  if (stdin === undefined) return new Uint8Array();
  if (!(stdin instanceof Readable)) return Buffer.from(stdin);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
