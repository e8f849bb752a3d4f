import { appendFileSync } from 'node:fs';

/** Takes the lines of a server's log. */
export type LogSink = (line: string) => void;

/** Writes the log to a file, as a shell would redirect it. */
export function logToFile(path: string): LogSink {
  return (line) => appendFileSync(path, `${line}\n`);
}

/** The log of a fake server: JSON lines with the fields that the real one writes. */
export class FakeLog {
  readonly #sink: LogSink;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  write(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#sink(
      JSON.stringify({
        msg: message,
        v: 0,
        name: 'propolis-server',
        level: 'error_message_internal' in fields ? 50 : 30,
        time: new Date().toISOString(),
        hostname: 'fake',
        pid: process.pid,
        ...fields,
      }),
    );
  }
}
