import { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { SshConnection } from './ssh-connection.js';

/** What a command reads. Chunks may be overwritten once the next one is asked for. */
export type ChannelInput = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/**
 * Writes to a channel at the speed at which it is read.
 *
 * ssh2 calls back when a chunk is encrypted and sent, and not at all once the channel is closed; so a pipeline into
 * it could hang for good.
 */
export class ChannelWriter {
  readonly #connection: SshConnection;
  readonly #channel: ClientChannel;
  #isClosed = false;
  #settle: ((written: boolean) => void) | undefined;
  #source: AsyncIterable<Uint8Array | string> | undefined;

  constructor(connection: SshConnection, channel: ClientChannel) {
    this.#connection = connection;
    this.#channel = channel;
    channel.once('close', () => this.stop());
    // Writing to a command that has ended is no failure of ours: its exit status says how it went.
    channel.on('error', () => this.stop());
  }

  /** Sends chunks, then the input, then the end of input; stops early when the command ended. */
  async sendAll(chunks: readonly Uint8Array[], input: ChannelInput | undefined): Promise<void> {
    for (const chunk of chunks) if (!(await this.#write(chunk))) return;
    if (typeof input === 'string' || input instanceof Uint8Array) {
      if (input.length > 0 && !(await this.#write(input))) return;
    } else if (input !== undefined) {
      this.#source = input;
      for await (const chunk of input) if (!(await this.#write(chunk))) return;
      this.#source = undefined;
    }
    if (!this.#isClosed) this.#channel.end();
  }

  /** Stops where it is; a stream that was not read to its end is destroyed. Idempotent. */
  stop(): void {
    this.#isClosed = true;
    this.#settle?.(false);
    if (this.#source instanceof Readable) this.#source.destroy();
    this.#source = undefined;
  }

  #write(chunk: Uint8Array | string): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve(false);
      this.#settle = resolve;
      this.#connection.write(this.#channel, chunk, () => resolve(true));
    });
  }
}
