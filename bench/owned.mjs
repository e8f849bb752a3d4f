/** What has to be ended or removed, also when the benchmarks are interrupted. */

/** @type {Set<() => Promise<void>>} */
const pending = new Set();

/**
 * Makes something usable with `await using`; it is given back once, at the end of its block or by an interruption.
 *
 * @template {object} T
 * @param {T} thing
 * @param {() => Promise<unknown>} giveBack
 * @returns {T & AsyncDisposable}
 */
export function owned(thing, giveBack) {
  const dispose = async () => {
    if (pending.delete(dispose)) await giveBack();
  };
  pending.add(dispose);
  return Object.assign(thing, { [Symbol.asyncDispose]: dispose });
}

/** Ctrl-C and SIGTERM give everything back before they end this process. */
export function giveBackOnSignals() {
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(name, () => {
      process.stderr.write(`${name}: cleaning up\n`);
      // What was started last may need what was started first.
      const all = [...pending].toReversed().map((dispose) => dispose());
      void Promise.allSettled(all).then(() => process.exit(1));
    });
  }
}
