import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** How long QEMU may take to answer: it does so at once, or not at all. */
const ANSWER_MS = 5_000;

/**
 * Gives QEMU one command (QEMU: docs/interop/qmp-spec) and resolves to what it returns.
 *
 * @throws Error when QEMU does not answer in time, or refuses the command
 * @throws the signal's reason on abort
 */
export async function qmp(path: string, command: string, signal?: AbortSignal): Promise<unknown> {
  signal?.throwIfAborted();
  const socket = connect(path);
  const stop = (): void => void socket.destroy(new Error('aborted'));
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(
    () => socket.destroy(new Error(`QEMU did not answer within ${ANSWER_MS} ms`)),
    ANSWER_MS,
  );
  try {
    // The greeting is the first line; then both commands can be sent.
    socket.write(
      `{"execute":"qmp_capabilities","id":"hello"}\n{"execute":${JSON.stringify(command)},"id":"command"}\n`,
    );
    const lines = createInterface({ input: socket, crlfDelay: Infinity });
    const failed = new Promise<never>((_, reject) => socket.once('error', reject));
    return await Promise.race([failed, answer(lines)]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

interface Message {
  readonly id?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc?: unknown };
}

async function answer(lines: AsyncIterable<string>): Promise<unknown> {
  for await (const line of lines) {
    // QEMU's own wire format: one object a line.
    const message = JSON.parse(line) as Message;
    if (message.error !== undefined) throw new Error(String(message.error.desc));
    if (message.id === 'command') return message.return;
  }
  throw new Error('QEMU closed the connection');
}
