/** Comparing by running: contenders take turns, so that what else the machine does hits all of them alike. */

/** @typedef {() => Promise<number>} Contender runs once and tells what it measured, usually milliseconds */

/**
 * Runs all contenders in turn, every other round in reverse order, so that a drift of the machine cancels out.
 *
 * @template {string} Name
 * @param {Readonly<Record<Name, Contender>>} contenders
 * @param {{ rounds: number, warmUps?: number }} options runs before the first round are not kept
 * @returns {Promise<Record<Name, number[]>>} what each measured, by round
 */
export async function interleave(contenders, { rounds, warmUps = 0 }) {
  const names = /** @type {Name[]} */ (Object.keys(contenders));
  /** @type {Map<Name, number[]>} */
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const measured = await contenders[name]();
      if (round >= 0) samples.get(name)?.push(measured);
    }
  }
  // It has an entry for each name.
  return /** @type {Record<Name, number[]>} */ (Object.fromEntries(samples));
}

/**
 * How many times as much the one measured as the other: the median over the rounds, each compared with itself.
 *
 * @param {readonly number[]} measured
 * @param {readonly number[]} reference of the same rounds
 */
export function medianRatio(measured, reference) {
  return median(measured.map((value, round) => value / (reference[round] ?? Number.NaN)));
}

/**
 * How much more the one measured than the other: the median over the rounds.
 *
 * @param {readonly number[]} measured
 * @param {readonly number[]} reference of the same rounds
 */
export function medianDifference(measured, reference) {
  return median(measured.map((value, round) => value - (reference[round] ?? Number.NaN)));
}

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  const middle = sorted.slice(Math.floor(last / 2), Math.ceil(last / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/**
 * How long something takes, in milliseconds.
 *
 * @param {() => unknown} work
 */
export async function timed(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
