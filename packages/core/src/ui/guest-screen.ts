/* oxlint-disable no-control-regex -- control sequences are the subject */

/** Modes that a terminal has on by itself: line wrap and the cursor. */
const ON_BY_DEFAULT: ReadonlySet<string> = new Set(['7', '25']);

/** `CSI ? 25 l`, a colour, a scrolling region, line drawing, the keypad. */
const CHANGES =
  /\x1b\[\?(?<modes>[\d;]+)(?<onOff>[hl])|(?<colour>\x1b\[[\d;:]*m)|(?<region>\x1b\[\d*;\d*r)|(?<drawing>\x0e|\x1b[()]0)|(?<keypad>\x1b=)/g;

/**
 * What a terminal answers, as if its user had typed it: where the cursor is, what it is called, its colours, its size,
 * its modes.
 */
const QUERIES =
  /\x05|\x1bZ|\x1b\[[?>=]?[\d;]*[cnx]|\x1b\[\??[\d;]*\$p|\x1b\[(?:1[1-9]|2[01])t|\x1b\][\d;]*;\?(?:\x07|\x1b\\)|\x1bP[$+]q[^\x1b]*\x1b\\/g;

/** Longer than any sequence that is looked for. */
const LONGEST = 64;

/** What a guest does to the terminal that shows its console, so that it can be taken back. */
export class GuestScreen {
  readonly #switchedOn = new Set<string>();
  readonly #switchedOff = new Set<string>();
  #colour = false;
  #region = false;
  #drawing = false;
  #keypad = false;
  #tail = '';

  /**
   * The bytes to show. Of a replay without its questions: the terminal would answer them now, and the answers would be
   * input for a guest that has asked long ago.
   */
  show(bytes: Uint8Array, replayed: boolean): Uint8Array {
    // One character a byte, so nothing is lost on the way there and back.
    const text = Buffer.from(bytes).toString('latin1');
    const seen = this.#tail + text;
    for (const { groups } of seen.matchAll(CHANGES)) this.#note(groups ?? {});
    // Notes are idempotent, so a sequence may be seen twice.
    this.#tail = seen.slice(-LONGEST);
    return replayed ? Buffer.from(text.replaceAll(QUERIES, ''), 'latin1') : bytes;
  }

  /** What puts the terminal back; empty when the guest has changed nothing. */
  reset(): string {
    const parts: string[] = [];
    for (const mode of this.#switchedOn) parts.push(`\x1b[?${mode}l`);
    for (const mode of this.#switchedOff) parts.push(`\x1b[?${mode}h`);
    // Setting a region moves the cursor.
    if (this.#region) parts.push('\x1b7\x1b[r\x1b8');
    if (this.#drawing) parts.push('\x0f\x1b(B');
    if (this.#keypad) parts.push('\x1b>');
    if (this.#colour) parts.push('\x1b[0m');
    return parts.join('');
  }

  #note({
    modes,
    onOff,
    colour,
    region,
    drawing,
    keypad,
  }: Readonly<Record<string, string | undefined>>): void {
    for (const mode of modes?.split(';') ?? []) {
      const changed = ON_BY_DEFAULT.has(mode) ? this.#switchedOff : this.#switchedOn;
      if (ON_BY_DEFAULT.has(mode) === (onOff === 'l')) changed.add(mode);
      else changed.delete(mode);
    }
    this.#colour ||= colour !== undefined;
    this.#region ||= region !== undefined;
    this.#drawing ||= drawing !== undefined;
    this.#keypad ||= keypad !== undefined;
  }
}
