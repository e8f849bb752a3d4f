import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { ChannelWriter, type ChannelInput } from './channel-writer.js';
import { endSessionScript, SCRIPT_RUNNER, scriptLine } from './remote-script.js';
import { commandFor, type SshConnection } from './ssh-connection.js';

/** Takes a chunk of output; while the promise is open nothing more of that stream is read. */
export type OutputSink = (chunk: Uint8Array) => void | Promise<void>;

export interface RemoteScriptOptions {
  readonly stdin?: ChannelInput | undefined;
  readonly onStdout?: OutputSink | undefined;
  readonly onStderr?: OutputSink | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a script ended. */
export interface RemoteExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** How long ending an aborted command may take: the script behind it needs six seconds at most, and the way there. */
const END_MS = 10_000;
/** The first line of a script's output is short; what login scripts print before it may be longer. */
const MAX_INTRODUCTION = 64 * 1024;

/**
 * Runs a script in the guest to its end.
 *
 * An abort, an error of a sink and one of the input end the whole session of the script in the guest before they
 * are thrown.
 *
 * @throws VMCTL_GUEST_DISCONNECTED when the connection is lost
 */
export async function runScript(
  connection: SshConnection,
  script: string,
  options: RemoteScriptOptions = {},
  { urgent = false } = {},
): Promise<RemoteExit> {
  const { signal, stdin, onStdout, onStderr } = options;
  signal?.throwIfAborted();
  const channel = await connection.openChannel(SCRIPT_RUNNER, { urgent, signal });
  const writer = new ChannelWriter(connection, channel);

  let wanted = true;
  const introduction = new Introduction((chunk) => (wanted ? onStdout?.(chunk) : undefined));
  const finished = Promise.all([
    consume(channel, (chunk) => introduction.take(chunk)).then(() => introduction.flush()),
    consume(channel.stderr, (chunk) => (wanted ? onStderr?.(chunk) : undefined)),
    exitOf(channel, connection),
  ]);
  const line = scriptLine(`unset vmctl_script\necho ${introduction.marker} $$\n${script}`);
  const trouble = firstTrouble([signal, connection.lost], (fail) => {
    writer.sendAll([line], stdin).catch(fail);
  });
  try {
    const [, , exit] = await Promise.race([finished, trouble.happened]);
    return exit;
  } catch (error) {
    finished.catch(() => undefined);
    // What is sent from now on could still complete what the command does.
    writer.stop();
    // What is left is read and dropped: a channel with unread output never closes.
    wanted = false;
    channel.resume();
    channel.stderr.resume();
    if (!connection.lost.aborted && !urgent) await endSession(connection, channel, introduction.leader);
    channel.close();
    throw connection.lost.aborted ? connection.lost.reason : error;
  } finally {
    trouble.stop();
    writer.stop();
  }
}

/** Ends a command and all that it started, and waits until nothing of it is left; gives up after a while. */
async function endSession(
  connection: SshConnection,
  channel: ClientChannel,
  leader: Promise<number>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, END_MS)));
  // The channel closes when nobody holds the output any more; something of the session can still run then.
  const closed = new Promise<undefined>((resolve) => channel.once('close', () => resolve(undefined)));
  const end = async (): Promise<void> => {
    const pid = await Promise.race([leader, closed]);
    if (pid === undefined) return;
    const { exitCode } = await runScript(connection, endSessionScript(pid), {}, { urgent: true });
    if (exitCode !== 0) connection.log.debug('something of a command withstands its end', String(exitCode));
  };
  try {
    await Promise.race([end(), enough]);
  } catch (error) {
    connection.log.debug('could not end a command', messageOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The first line that a script prints: a word that nothing else prints, and the id of its process, which leads its
 * session. What login scripts print before it is dropped, as it is nothing of the command's.
 */
class Introduction {
  readonly marker = `vmctl-${randomBytes(9).toString('hex')}`;
  readonly leader: Promise<number>;
  readonly #sink: OutputSink | undefined;
  #resolve: ((pid: number) => void) | undefined;
  #head: Buffer | undefined = Buffer.alloc(0);

  constructor(sink: OutputSink | undefined) {
    this.#sink = sink;
    this.leader = new Promise((resolve) => (this.#resolve = resolve));
  }

  take(chunk: Uint8Array): void | Promise<void> {
    if (this.#head === undefined) return this.#sink?.(chunk);
    const head = Buffer.concat([this.#head, chunk]);
    this.#head = head;
    const start = head.indexOf(`${this.marker} `);
    const end = start === -1 ? -1 : head.indexOf('\n', start);
    if (end === -1) return head.length > MAX_INTRODUCTION ? this.flush() : undefined;
    this.#resolve?.(Number(head.toString('latin1', start + this.marker.length + 1, end)));
    this.#head = undefined;
    const rest = head.subarray(end + 1);
    return rest.length > 0 ? this.#sink?.(rest) : undefined;
  }

  /** Without its first line the script did not even start; then all that was printed may say why. */
  flush(): void | Promise<void> {
    const head = this.#head;
    this.#head = undefined;
    return head !== undefined && head.length > 0 ? this.#sink?.(head) : undefined;
  }
}

/** Reads a stream to its end, no faster than the sink takes it. */
function consume(stream: Readable, given: OutputSink | undefined): Promise<void> {
  // Data comes in the context of the connection. Whose sink it is, such as a plugin's, is known from the caller's.
  const sink = given && AsyncResource.bind(given);
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        const taken = sink?.(chunk);
        if (taken === undefined) return;
        stream.pause();
        taken.then(() => stream.resume(), reject);
      } catch (error) {
        reject(error);
      }
    });
    stream.once('end', resolve);
  });
}

function exitOf(channel: ClientChannel, connection: SshConnection): Promise<RemoteExit> {
  return new Promise((resolve, reject) => {
    channel.once('close', (code: number | null | undefined, signal: string | undefined) => {
      if (code !== undefined) return resolve({ exitCode: code, signal: signal ?? null });
      const error = new VmctlError('VMCTL_GUEST_DISCONNECTED', {
        message: 'The guest ended a command without saying how it went.',
        hint: `The guest may be shutting down, or its SSH server was restarted. See its console: ${commandFor(connection.vm, 'log', '--console')}`,
      });
      return reject(connection.lost.aborted ? connection.lost.reason : error);
    });
  });
}

/** A promise that rejects at the first abort or failure. */
function firstTrouble(
  signals: readonly (AbortSignal | undefined)[],
  start: (fail: (error: unknown) => void) => void,
): { readonly happened: Promise<never>; stop(): void } {
  const listening = new AbortController();
  const happened = new Promise<never>((_, reject) => {
    for (const signal of signals) {
      const abort = (): void => reject(signal?.reason);
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true, signal: listening.signal });
    }
    start(reject);
  });
  happened.catch(() => undefined);
  return { happened, stop: () => listening.abort() };
}
