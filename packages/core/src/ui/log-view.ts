import { StringDecoder } from 'node:string_decoder';
import type { LogName } from '../operations/log.js';
import { TerminalText } from './terminal-text.js';

/** How the pieces of logs are shown: what to write for each, and after the last one. */
export interface LogView {
  show(log: LogName, bytes: Uint8Array): string | Uint8Array;
  end(): string;
}

/** The bytes as they are, for pipes and files. */
class RawLogView implements LogView {
  show(_log: LogName, bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  end(): string {
    return '';
  }
}

/** Whole lines without control sequences. */
class TerminalLogView implements LogView {
  readonly #texts: Readonly<Record<LogName, TerminalText>> = {
    console: new TerminalText(),
    provision: new TerminalText(),
  };

  show(log: LogName, bytes: Uint8Array): string {
    return this.#texts[log].push(bytes);
  }

  end(): string {
    return this.#texts.console.flush() + this.#texts.provision.flush();
  }
}

/** One line of JSON for every line of a log: `{"log": "console", "text": "…"}`. */
class JsonLogView implements LogView {
  readonly #decoders = { console: new StringDecoder('utf8'), provision: new StringDecoder('utf8') };
  readonly #rest = { console: '', provision: '' };

  show(log: LogName, bytes: Uint8Array): string {
    const lines = (this.#rest[log] + this.#decoders[log].write(Buffer.from(bytes))).split('\n');
    this.#rest[log] = lines.pop() ?? '';
    return lines.map((text) => jsonLine(log, text)).join('');
  }

  end(): string {
    const logs: readonly LogName[] = ['console', 'provision'];
    return logs
      .filter((log) => this.#rest[log] !== '')
      .map((log) => jsonLine(log, this.#rest[log]))
      .join('');
  }
}

function jsonLine(log: LogName, text: string): string {
  return `${JSON.stringify({ log, text })}\n`;
}

/** Puts a title before what comes from another log than the last piece. */
class TitledLogView implements LogView {
  readonly #view: LogView;
  #last: LogName | undefined;

  constructor(view: LogView) {
    this.#view = view;
  }

  show(log: LogName, bytes: Uint8Array): string | Uint8Array {
    const shown = this.#view.show(log, bytes);
    if (shown.length === 0 || log === this.#last) return shown;
    const title = `${this.#last === undefined ? '' : '\n'}==> ${log} <==\n`;
    this.#last = log;
    return Buffer.concat([Buffer.from(title), Buffer.from(shown)]);
  }

  end(): string {
    return this.#view.end();
  }
}

/** The view that fits; `titled` when more than one log is shown. */
export function chooseLogView(options: {
  readonly json: boolean;
  readonly isTTY: boolean;
  readonly titled: boolean;
}): LogView {
  if (options.json) return new JsonLogView();
  const view = options.isTTY ? new TerminalLogView() : new RawLogView();
  return options.titled ? new TitledLogView(view) : view;
}
