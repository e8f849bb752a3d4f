import { nearest } from '../errors/nearest.js';

/** Names that may stand in one node, as far as its owner has said, and what is said about those that may not. */
export class NodeNames {
  /** That the owner asked for. */
  readonly #asked = new Set<string>();
  /** About which a problem was reported, or which are passed over. */
  readonly #settled = new Set<string>();
  /** That mean something here, though the owner did not ask for them. */
  readonly #suggested = new Set<string>();
  /** Where a name that means nothing here may come from. */
  #elsewhere: string | undefined;
  /** What to say about a name that has no meaning here. */
  readonly #hints = new Map<string, string>();

  /** The owner asks for what has this name. */
  ask(name: string): void {
    this.#asked.add(name);
  }

  /** Nothing more is to be said about what has this name. */
  settle(name: string): void {
    this.#settled.add(name);
  }

  isSettled(name: string): boolean {
    return this.#settled.has(name);
  }

  /** Whether the name is new to the owner. */
  isUnasked(name: string): boolean {
    return !this.#asked.has(name) && !this.#settled.has(name);
  }

  /** Names that could be here as well, and what to say when an unknown one resembles none of all. */
  suggest(names: readonly string[], elsewhere: string): void {
    for (const name of names) this.#suggested.add(name);
    this.#elsewhere = elsewhere;
  }

  /** What to say when `name` turns up here, where it has no meaning. */
  hintAbout(name: string, hint: string): void {
    this.#hints.set(name, hint);
  }

  /** Of what the owner asked for, the name that a word was meant to be. */
  meant(word: string): string | undefined {
    return nearest(word, [...this.#asked]);
  }

  /** @param title - what messages call the node */
  hintForUnknown(name: string, title: string): string {
    const hint = this.#hints.get(name);
    if (hint !== undefined) return hint;
    const known = [...new Set([...this.#asked, ...this.#suggested])];
    const meant = nearest(name, known);
    if (meant !== undefined) return `Did you mean "${meant}"?`;
    if (known.length === 0) return `There is nothing to set in ${title}.`;
    const hints = [`Known here: ${known.join(', ')}.`];
    if (this.#elsewhere !== undefined) hints.push(this.#elsewhere);
    return hints.join(' ');
  }
}
