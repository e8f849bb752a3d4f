import { LiveRegion, type ResizableOutput, type TerminalSize } from './live-region.js';
import { SPINNER } from './live-rows.js';
import { styleFor } from './style.js';
import { oneLine } from './terminal-text.js';
import { cutTo } from './text-width.js';
import { TransferLines, type TransferReport } from './transfer-lines.js';
import { formatDuration } from './units.js';

/** What a command waits for: a line that says so, or how far its transfers are. */
export class LiveStatus implements Disposable {
  readonly #transfers = new TransferLines();
  readonly #region: LiveRegion;
  readonly #now: () => number;
  #text: string;
  #since: number;
  #frame = 0;

  /**
   * @param since - when the waiting began
   * @param now - milliseconds, from anywhere; default since the start of the process
   */
  constructor(
    output: ResizableOutput,
    text: string,
    since: number,
    now: () => number = () => performance.now(),
  ) {
    this.#text = text;
    this.#since = since;
    this.#now = now;
    const style = styleFor(output);
    this.#region = new LiveRegion({
      output,
      draw: (size) => {
        const lines = this.#transfers.lines(size, this.#now(), style);
        return lines.length > 0 ? lines : [this.#waiting(size)];
      },
    });
    this.#region.refresh();
  }

  say(text: string): void {
    this.#text = text;
    this.#since = this.#now();
  }

  transfer(report: TransferReport): void {
    this.#transfers.report(report, this.#now());
  }

  [Symbol.dispose](): void {
    this.#region.end();
  }

  #waiting({ columns }: TerminalSize): string {
    const spinner = SPINNER[this.#frame++ % SPINNER.length] ?? '';
    const elapsed = `  ${formatDuration(this.#now() - this.#since)}`;
    const room = columns - 1 - elapsed.length;
    const text = `${spinner} ${oneLine(this.#text)} …`;
    return room < 8 ? cutTo(text, columns - 1) : cutTo(text, room) + elapsed;
  }
}
