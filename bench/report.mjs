/** What the benchmarks found: a table for people, a file for comparing. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { medianDifference, medianRatio } from './measure.mjs';

/**
 * @typedef {object} Figure
 * @property {string} name what was measured, against what
 * @property {'x' | 'MB' | 'ms'} unit `x`: times the reference
 * @property {number} value the median
 * @property {number | undefined} [goal] at most this
 * @property {Record<string, readonly number[]>} [samples] what was measured, by round: milliseconds, or MB
 */

/**
 * How many times as much something took as its reference, round by round.
 *
 * @param {string} name
 * @param {readonly number[]} measured
 * @param {readonly number[]} reference
 * @param {number} [goal]
 * @returns {Figure}
 */
export function ratioFigure(name, measured, reference, goal) {
  return { name, unit: 'x', value: medianRatio(measured, reference), goal, samples: { measured, reference } };
}

/**
 * How much longer something took than its reference, round by round.
 *
 * @param {string} name
 * @param {readonly number[]} measured milliseconds
 * @param {readonly number[]} reference
 * @param {number} goal milliseconds
 * @returns {Figure}
 */
export function differenceFigure(name, measured, reference, goal) {
  return {
    name,
    unit: 'ms',
    value: medianDifference(measured, reference),
    goal,
    samples: { measured, reference },
  };
}

/** @typedef {{ group: string, figures: Figure[], notes: string[] }} GroupReport */

/**
 * @param {Figure} figure
 * @returns {string} `1.13x`, `94 MB`
 */
function quantity({ unit }, /** @type {number} */ value) {
  return unit === 'x' ? `${value.toFixed(2)}x` : `${value.toFixed(0)} ${unit}`;
}

/** @param {Figure} figure */
function verdict({ value, goal }) {
  if (goal === undefined) return '';
  return value <= goal ? 'met' : 'MISSED';
}

/**
 * @param {GroupReport} report
 * @returns {string[]} lines of text
 */
export function tableLines({ group, figures, notes }) {
  const rows = figures.map((figure) => ({
    name: figure.name,
    value: quantity(figure, figure.value),
    goal: figure.goal === undefined ? '' : `<= ${quantity(figure, figure.goal)}`,
    met: verdict(figure),
  }));
  /** @param {'name' | 'value' | 'goal'} column */
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  const lines = rows.map(({ name, value, goal, met }) =>
    [name.padEnd(width('name')), value.padStart(width('value')), goal.padEnd(width('goal')), met]
      .map((cell) => `  ${cell}`)
      .join('')
      .trimEnd(),
  );
  return [group, ...lines, ...notes.map((note) => `  ${note}`)];
}

/**
 * Writes `results/<date>T<time>.json`.
 *
 * @param {{ date: Date, machine: object, groups: readonly GroupReport[] }} results
 * @returns {Promise<string>} the path
 */
export async function writeResults({ date, machine, groups }) {
  const directory = join(import.meta.dirname, 'results');
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${date.toISOString().slice(0, 19).replaceAll(':', '')}.json`);
  const content = { date: date.toISOString(), machine, groups };
  await writeFile(path, `${JSON.stringify(content, rounded, 2)}\n`);
  return path;
}

/** @type {(key: string, value: unknown) => unknown} */
const rounded = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
