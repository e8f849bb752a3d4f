import type { VmctlEvent } from '../events/events.js';

/** Shows the event stream to somebody. */
export interface Renderer {
  handle(event: VmctlEvent): void;
  /** Puts the screen in order. Idempotent. */
  end(): void;
}

/** What a renderer writes to. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}
