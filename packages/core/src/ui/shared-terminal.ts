import type { Output } from './renderer.js';

type Listener = (text: string) => void;

let listener: Listener | undefined;
let isDirect = false;

/**
 * From now on what anybody writes to this stream goes to whoever {@link listenToTalk}: a live view on the same terminal,
 * which shows it above. It wraps `write`, so it has to come before anybody remembers how that was.
 */
export function shareTerminal(stderr: NodeJS.WriteStream = process.stderr): void {
  if (!stderr.isTTY) return;
  const write = stderr.write.bind(stderr);
  const shared = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    // The rest is the encoding and the callback, whichever are given.
    if (listener === undefined || isDirect)
      return Reflect.apply(write, undefined, [chunk, ...rest]) as boolean;
    listener(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const done = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined;
    if (done !== undefined) queueMicrotask(done);
    return true;
  };
  stderr.write = shared;
}

/** Hears all talk until the function that comes back is called. One at a time: there is one terminal. */
export function listenToTalk(to: Listener): () => void {
  listener = to;
  return () => {
    if (listener === to) listener = undefined;
  };
}

/** Writes to the terminal itself, past the listener. */
export function writeDirectly(output: Output, text: string): void {
  const before = isDirect;
  isDirect = true;
  try {
    output.write(text);
  } finally {
    isDirect = before;
  }
}
