import type { FakeHost } from './fake-api.js';
import type { LogSink } from './fake-log.js';
import type { FakePropolisServer } from './fake-propolis-server.js';

/** What a fake server is like. */
export interface FakePropolisServerOptions extends FakeHost {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default: any that is free. */
  readonly port?: number | undefined;
  /** The newest version of the API that it serves. Default 5.0.0. */
  readonly newestVersion?: string | undefined;
  /** Where its log goes, line by line. Default: nowhere. */
  readonly log?: LogSink | undefined;
  /** What the guest does with what is typed. Default: nothing. */
  readonly onInput?: ((bytes: Buffer, server: FakePropolisServer) => void) | undefined;
  /**
   * Whether `POST /fake/<what>` works, by which another process plays the guest: `power-off`, `fail-vm`, `say` with a text, `drop-consoles`,
   * `start-migration`, `end-migration` with where to as JSON or nothing, `fault` with a step and a fault as JSON. Default no.
   */
  readonly control?: boolean | undefined;
  /** Told of each request, before it is answered; those to `/fake/` are none. */
  readonly onRequest?: ((request: FakeRequest) => void) | undefined;
  /** Told when the server ends by itself, as the real one does when it aborts. */
  readonly onDeath?: ((why: string) => void) | undefined;
}

/** A request that came, in the order they came. */
export interface FakeRequest {
  /** `WS` for the upgrade to a WebSocket. */
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came; empty without one. */
  readonly body: string;
}
