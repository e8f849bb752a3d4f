import type { EventSink, StepReference } from '../events/events.js';
import { CappedOutput, type OutputCap } from './capped-output.js';
import { LineText } from './line-text.js';
import { SequenceStripper, showControls } from './printable.js';
import type { RedactedStream, Redactor } from './redactor.js';

type StreamName = 'stdout' | 'stderr';
type Wait = Promise<void> | undefined;

/** Bytes that are worked on at a time, however large a chunk is. */
const PIECE = 64 * 1024;
/** Bytes of text in one event, at most. */
const EVENT_SIZE = 16 * 1024;
/** How long a line that does not end is held back from the events. */
const PARTIAL_LINE_MS = 100;
/** How much of the output the error of a step shows. */
const LAST_LINES = 10;
const LAST_LINE_LENGTH = 400;

export interface StepOutputOptions {
  readonly vm: string;
  readonly step: StepReference;
  readonly redactor: Redactor;
  readonly events: EventSink;
  /** Adds to provision.log; resolves when more may come. */
  readonly write: (text: string) => Wait;
  readonly cap?: OutputCap | undefined;
}

/**
 * What a step prints, on its way to the events and to provision.log: made text, without secrets and control
 * characters, whole lines where possible.
 */
export class StepOutput {
  readonly #streams: Readonly<Record<StreamName, OutputStream>>;
  readonly #capped: CappedOutput;
  readonly #events: EventSink;
  #end = '';
  #closed = false;

  constructor({ vm, step, redactor, events, write, cap }: StepOutputOptions) {
    this.#capped = new CappedOutput(write, cap);
    this.#events = events;
    const log = (lines: string): Wait => {
      const room = LAST_LINES * LAST_LINE_LENGTH;
      this.#end = lines.length < room ? (this.#end + lines).slice(-room) : lines.slice(-room);
      return this.#capped.push(lines);
    };
    const make = (stream: StreamName): OutputStream =>
      new OutputStream({
        secrets: redactor.stream(),
        log,
        show: (text) => events.emit({ type: 'step.output', vm, step, stream, text }),
      });
    this.#streams = { stdout: make('stdout'), stderr: make('stderr') };
  }

  /** Takes a chunk; one that comes after the end is dropped. More may come once log and listeners have kept up. */
  write(stream: StreamName, chunk: Uint8Array | string): Wait {
    if (this.#closed) return undefined;
    const logged = this.#streams[stream].push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    const shown = this.#events.pressure?.();
    if (logged === undefined || shown === undefined) return logged ?? shown;
    return Promise.all([logged, shown]).then(() => undefined);
  }

  /** Passes on everything that is held back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#streams.stdout.end();
    this.#streams.stderr.end();
    void this.#capped.end();
  }

  /** The last lines that were printed, without empty ones. */
  get lastLines(): readonly string[] {
    return this.#end
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-LAST_LINES)
      .map((line) => (line.length > LAST_LINE_LENGTH ? `…${line.slice(-LAST_LINE_LENGTH)}` : line));
  }
}

interface OutputStreamOptions {
  readonly secrets: RedactedStream;
  readonly log: (lines: string) => Wait;
  readonly show: (text: string) => void;
}

/** One of the two streams. */
class OutputStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #sequences = new SequenceStripper();
  readonly #secrets: RedactedStream;
  readonly #log: (lines: string) => Wait;
  readonly #show: (text: string) => void;
  readonly #logged = new LineText('\n');
  readonly #shown = new LineText('\r');
  #timer: NodeJS.Timeout | undefined;

  constructor({ secrets, log, show }: OutputStreamOptions) {
    this.#secrets = secrets;
    this.#log = log;
    this.#show = show;
  }

  push(chunk: Uint8Array): Wait {
    let wait: Wait;
    for (let start = 0; start < chunk.length; start += PIECE) {
      const text = this.#decoder.decode(chunk.subarray(start, start + PIECE), { stream: true });
      wait = this.#take(this.#secrets.push(this.#sequences.push(text))) ?? wait;
    }
    return wait;
  }

  end(): void {
    clearTimeout(this.#timer);
    const rest = this.#sequences.push(this.#decoder.decode()) + this.#sequences.end();
    void this.#take(this.#secrets.push(rest) + this.#secrets.end());
    clearTimeout(this.#timer);
    this.#emit(this.#shown.flush());
    void this.#log(this.#logged.end());
  }

  #take(text: string): Wait {
    if (text === '') return undefined;
    const printable = showControls(text);
    this.#emit(this.#shown.push(printable));
    if (this.#shown.pending) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#emit(this.#shown.flush());
      }, PARTIAL_LINE_MS);
    } else {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    const lines = this.#logged.push(printable);
    return lines === '' ? undefined : this.#log(lines);
  }

  #emit(text: string): void {
    for (const piece of pieces(text)) this.#show(piece);
  }
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(EVENT_SIZE);

/** Cuts a text into pieces of at most {@link EVENT_SIZE} bytes, never within a character. */
function* pieces(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const rest = start === 0 ? text : text.slice(start);
    const { read } = encoder.encodeInto(rest, scratch);
    yield rest.slice(0, read);
    start += read;
  }
}
