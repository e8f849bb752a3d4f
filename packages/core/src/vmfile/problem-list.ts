import type { Place } from './place.js';

/** A problem whose place is not yet known by line and column. */
export interface UnplacedProblem {
  readonly place: Place;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Beyond this many, problems are counted and not kept: a broken file of a megabyte can have half a million. */
const MOST_KEPT = 1000;

/** Collects the problems of one file while it is read. */
export class ProblemList {
  readonly #problems: UnplacedProblem[] = [];
  #count = 0;
  #cause: unknown;

  get problems(): readonly UnplacedProblem[] {
    return this.#problems;
  }

  /** How many there are, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** Whether further ones are only counted: then it is not worth while to look for good words. */
  get full(): boolean {
    return this.#problems.length >= MOST_KEPT;
  }

  /** The first error that was thrown while the file was read and became a problem. */
  get cause(): unknown {
    return this.#cause;
  }

  add(
    place: Place,
    message: string,
    options: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ): void {
    this.#count++;
    this.#cause ??= options.cause;
    if (!this.full) this.#problems.push({ place, message, hint: options.hint });
  }
}
