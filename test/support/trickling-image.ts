import type { ServerResponse } from 'node:http';
import type { Answer } from '../../packages/core/test/integration/images/image-server.js';

const PIECE = 16 * 1024;
const PAUSE_MS = 50;

/** A disk image that arrives slowly, and never whole before it is told to: for those who watch a download. */
export class TricklingImage {
  readonly #content: Uint8Array;
  readonly #open = new Set<() => void>();
  #isReleased = false;

  constructor(content: Uint8Array) {
    this.#content = content;
  }

  readonly answer: Answer = (_request, response) => {
    response.writeHead(200, { 'content-length': this.#content.length });
    if (this.#isReleased) response.end(this.#content);
    else this.#trickle(response);
  };

  /** What is on its way arrives at once, and so does what is asked for later. */
  release(): void {
    this.#isReleased = true;
    for (const finish of this.#open) finish();
  }

  #trickle(response: ServerResponse): void {
    let sent = 0;
    const end = (): void => {
      clearInterval(timer);
      this.#open.delete(finish);
    };
    const finish = (): void => {
      end();
      response.end(this.#content.subarray(sent));
    };
    const timer = setInterval(() => {
      // The last tenth is kept back.
      if (sent + PIECE > this.#content.length * 0.9) return;
      response.write(this.#content.subarray(sent, sent + PIECE));
      sent += PIECE;
    }, PAUSE_MS);
    this.#open.add(finish);
    response.once('close', end);
  }
}
