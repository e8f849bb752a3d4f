const MASK = '***';
/** Shorter lines of a secret of several lines are not secret by themselves: a brace, an empty line. */
const MIN_LINE = 8;

/** Replaces secrets in texts. One redactor serves all steps of a VM: a secret stays one. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;
  #ordered: readonly string[] = [];

  /**
   * From now on this value is replaced. A secret that was read from a file and shown without its line end is the
   * same secret, and each longer line of a secret of several lines counts by itself.
   */
  add(secret: string): void {
    const lines = secret.split(/\r?\n/).map((line) => line.trim());
    const parts = lines.length > 1 ? lines.filter((line) => line.length >= MIN_LINE) : [];
    for (const each of [secret, secret.trim(), ...parts]) {
      if (each.trim() !== '') this.#secrets.add(each);
    }
    // Of several that begin at the same place, the longest wins.
    this.#ordered = [...this.#secrets].toSorted((a, b) => b.length - a.length);
    this.#pattern =
      this.#secrets.size === 0 ? undefined : new RegExp(this.#ordered.map(escape).join('|'), 'g');
  }

  get active(): boolean {
    return this.#pattern !== undefined;
  }

  /** A whole text without the secrets. */
  text(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, MASK);
  }

  /** Any JSON value without the secrets, in keys as in values. */
  value(value: unknown): unknown {
    if (!this.active) return value;
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.value(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.text(key), this.value(each)]));
  }

  /** For a text that comes in pieces. */
  stream(): RedactedStream {
    return new RedactedStream((text, last) => this.#cut(text, last));
  }

  /** The part of the text in which no secret can begin any more, without secrets; and the rest. */
  #cut(text: string, last: boolean): { readonly safe: string; readonly rest: string } {
    const pattern = this.#pattern;
    if (pattern === undefined) return { safe: text, rest: '' };
    let safe = '';
    let position = 0;
    let end = last ? text.length : this.#firstOpen(text, 0);
    for (;;) {
      pattern.lastIndex = position;
      const match = pattern.exec(text);
      if (match === null || match.index >= end) break;
      safe += text.slice(position, match.index) + MASK;
      position = match.index + match[0].length;
      if (!last && position > end) end = this.#firstOpen(text, position);
    }
    return { safe: safe + text.slice(position, end), rest: text.slice(end) };
  }

  /** Where a secret may begin that is not complete yet: the first place from which the text is a secret's beginning. */
  #firstOpen(text: string, from: number): number {
    const longest = this.#ordered[0]?.length ?? 0;
    for (let index = Math.max(from, text.length - longest + 1); index < text.length; index++) {
      const rest = text.slice(index);
      if (this.#ordered.some((secret) => secret.length > rest.length && secret.startsWith(rest)))
        return index;
    }
    return text.length;
  }
}

/** Keeps back what may be the beginning of a secret until the next piece shows whether it is. */
export class RedactedStream {
  readonly #cut: (text: string, last: boolean) => { readonly safe: string; readonly rest: string };
  #rest = '';

  constructor(cut: (text: string, last: boolean) => { readonly safe: string; readonly rest: string }) {
    this.#cut = cut;
  }

  push(text: string): string {
    const { safe, rest } = this.#cut(this.#rest + text, false);
    this.#rest = rest;
    return safe;
  }

  end(): string {
    const { safe } = this.#cut(this.#rest, true);
    this.#rest = '';
    return safe;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
