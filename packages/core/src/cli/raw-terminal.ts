import type { ReadStream } from 'node:tty';

export interface RawTerminalOptions {
  /** Given every key as the bytes that it sends. */
  readonly onInput: (bytes: Uint8Array) => void;
  /** Called when the terminal has gone away. */
  readonly onEnd: () => void;
  /** Called once, before the terminal is put back, however that comes about. */
  readonly onRestore: () => void;
}

/**
 * A terminal whose keys come one by one, Ctrl-C among them, and are not echoed. It is put back when this is disposed of,
 * and at the latest when the process exits.
 */
export class RawTerminal implements Disposable {
  readonly #terminal: ReadStream;
  readonly #options: RawTerminalOptions;
  #restored = false;

  constructor(terminal: ReadStream, options: RawTerminalOptions) {
    this.#terminal = terminal;
    this.#options = options;
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#continue);
    terminal.on('data', options.onInput).on('end', options.onEnd).on('error', options.onEnd);
    terminal.setRawMode(true);
    terminal.resume();
  }

  [Symbol.dispose](): void {
    const { onInput, onEnd } = this.#options;
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#continue);
    // The listener for errors stays: a terminal that is closed fails once more.
    this.#terminal.off('data', onInput).off('end', onEnd);
    this.#terminal.pause();
    this.#restore();
  }

  readonly #restore = (): void => {
    if (this.#restored) return;
    this.#restored = true;
    this.#options.onRestore();
    this.#terminal.setRawMode(false);
  };

  /** The shell has put the terminal into its own mode meanwhile. */
  readonly #continue = (): void => {
    this.#terminal.setRawMode(false);
    this.#terminal.setRawMode(true);
  };
}
