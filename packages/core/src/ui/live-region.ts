import type { Output } from './renderer.js';
import { listenToTalk, writeDirectly } from './shared-terminal.js';
import { widthOf } from './text-width.js';

/** How large a terminal is. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal that may change its size. */
export interface ResizableOutput extends Output {
  /**
   * Of Node's terminals: asks the system for the size. By itself Node does so when it comes to the signal, and a frame
   * in between would be drawn for a terminal that is not there any more.
   */
  _refreshSize?(): void;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

export interface LiveRegionOptions {
  readonly output: ResizableOutput;
  /** The lines to show now: as many as fit, and none wider than `columns` less one. */
  readonly draw: (size: TerminalSize) => readonly string[];
  /** How often it is drawn when nothing else happens; milliseconds. */
  readonly intervalMs?: number | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };
const DEFAULT_INTERVAL_MS = 100;
/** Frames are no closer than this, however much happens. */
const LEAST_FRAME_MS = 33;
/** So much text is written at once, not with the next frame: it must not pile up. */
const MOST_PENDING = 64 * 1024;

const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
const ERASE_TO_END = '\x1b[K';

/**
 * Lines at the bottom of a terminal that change, below text that stays.
 *
 * Every frame is one write, which leaves the cursor at the beginning of the line below and all modes as they were. So
 * there is nothing to put back, however the process ends; the cursor is not hidden for the same reason.
 */
export class LiveRegion {
  readonly #output: ResizableOutput;
  readonly #options: LiveRegionOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #endTalk: () => void;
  #soon: NodeJS.Timeout | undefined;
  /** What is on the screen. */
  #shown: readonly string[] = [];
  #shownColumns = 0;
  /** Text that is to stay, and was not written yet. Whole lines. */
  #pending = '';
  /** Talk without its newline. */
  #talk = '';
  #drawnAt = -Infinity;
  #ended = false;

  constructor(options: LiveRegionOptions) {
    this.#options = options;
    this.#output = options.output;
    this.#timer = setInterval(() => this.#tick(), options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#endTalk = listenToTalk((text) => this.#hear(text));
    this.#output.on?.('resize', this.#resized);
    process.on('exit', this.#end);
    process.on('SIGTSTP', this.#stopped);
  }

  /** Adds lines that stay, above the region. */
  print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#pending += `${lines.join('\n')}\n`;
    if (this.#pending.length > MOST_PENDING) this.#frame();
    else this.refresh();
  }

  /** Draws soon. */
  refresh(): void {
    if (this.#ended || this.#soon !== undefined) return;
    const wait = Math.max(0, this.#drawnAt + LEAST_FRAME_MS - performance.now());
    this.#soon = setTimeout(() => this.#frame(), wait);
  }

  /** Removes the region; what was printed stays. Idempotent. */
  end(): void {
    this.#end();
  }

  readonly #end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#endTalk();
    this.#output.off?.('resize', this.#resized);
    process.off('exit', this.#end);
    process.off('SIGTSTP', this.#stopped);
    if (this.#talk !== '') this.#pending += `${this.#talk}\n`;
    this.#write([]);
  };

  /** After a resize what is shown has another place; the sooner that is seen to, the better. */
  readonly #resized = (): void => this.#frame();

  /** Ctrl-Z: the shell is to write where the region was, and goes on below when the process does. */
  readonly #stopped = (): void => {
    this.#write([]);
    process.kill(process.pid, 'SIGSTOP');
  };

  /** Somebody has something to say on the same terminal. */
  #hear(text: string): void {
    const lines = (this.#talk + text).split('\n');
    this.#talk = lines.pop() ?? '';
    // An empty line at the beginning makes room below an echoed ^C; here there is none.
    if (lines[0] === '' && lines.length > 1) lines.shift();
    this.print(lines);
  }

  #tick(): void {
    if (performance.now() - this.#drawnAt >= LEAST_FRAME_MS) this.#frame();
  }

  #frame(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#ended) return;
    this.#drawnAt = performance.now();
    const { rows } = this.#size();
    // The last row is the cursor's: the terminal would scroll with every frame.
    this.#write(this.#options.draw(this.#size()).slice(0, Math.max(0, rows - 1)));
  }

  #write(lines: readonly string[]): void {
    const { columns } = this.#size();
    const text = this.#pending;
    const isSame =
      text === '' &&
      columns === this.#shownColumns &&
      lines.length === this.#shown.length &&
      lines.every((line, index) => line === this.#shown[index]);
    if (isSame) return;
    const rows = this.#rowsShown(columns);
    // Without new text the lines are written over the old ones, so that not even a slow terminal shows a gap.
    const isErased = text !== '' || rows !== this.#shown.length;
    const surplus = isErased ? 0 : Math.max(0, rows - lines.length);
    const frame = [
      `\r${up(rows)}`,
      isErased ? eraseRows(rows) : '',
      text,
      // Where a terminal takes a character for wider than it is thought to be here, the line is cut, not wrapped.
      ...lines.map((line) => `${NO_WRAP}${line}${WRAP}${ERASE_TO_END}\n`),
      eraseRows(surplus),
    ].join('');
    this.#pending = '';
    this.#shown = lines;
    this.#shownColumns = columns;
    writeDirectly(this.#output, BEGIN_UPDATE + frame + END_UPDATE);
  }

  /** Rows of the screen that the shown lines take now: in a narrower terminal a line may have become several. */
  #rowsShown(columns: number): number {
    if (columns >= this.#shownColumns || !wrapsAnew(this.#options.env ?? process.env))
      return this.#shown.length;
    return this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
  }

  #size(): TerminalSize {
    this.#output._refreshSize?.(); // oxlint-disable-line no-underscore-dangle -- Node has no other name for it
    const { columns = 0, rows = 0 } = this.#output;
    return {
      columns: columns > 0 ? columns : DEFAULT_SIZE.columns,
      rows: rows > 0 ? rows : DEFAULT_SIZE.rows,
    };
  }
}

function up(rows: number): string {
  return rows === 0 ? '' : `\x1b[${rows}A`;
}

/**
 * Erases so many rows and the one below them, from the beginning of the first, where the cursor is again after it. Not
 * all at once: tmux takes what is erased from the top of the screen for something to keep, and scrolls it out.
 */
function eraseRows(rows: number): string {
  return `${`${ERASE_TO_END}\n`.repeat(rows)}${ERASE_TO_END}${up(rows)}`;
}

/**
 * Whether the terminal wraps its lines anew when it gets narrower. Almost all do; xterm, rxvt and GNU screen cut them.
 */
export function wrapsAnew(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['TMUX'] !== undefined) return true;
  if (env['XTERM_VERSION'] !== undefined || env['STY'] !== undefined) return false;
  return !/^(rxvt|linux)/.test(env['TERM'] ?? '');
}
