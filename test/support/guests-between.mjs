import sequencer from '@jest/test-sequencer';

// The package's types are those of its CommonJS build; the module's default is the class itself.
const Sequencer = /** @type {typeof sequencer.default} */ (/** @type {unknown} */ (sequencer));

/** Files that boot guests, or install from a registry again and again: a minute and more each. */
const LONG = /\/test\/(?:e2e|plugins\/create)|plugin-qemu\/test\/contract/;

/**
 * Spreads the files that take long over the first four fifths of the run. Jest goes by the size of a file when it knows
 * no times, as on a fresh clone: then guests boot at the same time, and the last one boots when all else is done.
 */
export default class GuestsBetween extends Sequencer {
  /** @override @param {import('@jest/test-result').Test[]} tests */
  async sort(tests) {
    const all = await super.sort(tests);
    const long = all.filter(({ path }) => LONG.test(path));
    const short = all.filter(({ path }) => !LONG.test(path));
    const step = (short.length * 0.8) / long.length;
    return long
      .flatMap((each, index) => [
        each,
        ...short.slice(Math.round(index * step), Math.round((index + 1) * step)),
      ])
      .concat(short.slice(Math.round(long.length * step)));
  }
}
