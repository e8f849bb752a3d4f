/**
 * Measures speed and memory, prints a table and writes `results/<date>.json`. Figures are ratios to something that was
 * measured in the same run. A missed goal is no failure.
 *
 *   npm run bench -- [GROUP...] [--rounds N]
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, repositoryRoot } from '../scripts/processes.mjs';
import { describeMachine } from './machine.mjs';
import { tableLines, writeResults } from './report.mjs';
import { memory } from './memory.mjs';
import { giveBackOnSignals } from './owned.mjs';
import { peers } from './peers.mjs';
import { plugins } from './plugins.mjs';
import { startup } from './startup.mjs';
import { guestTransfer, transfer } from './transfer.mjs';
import { up } from './up.mjs';

/** @typedef {{ rounds?: number | undefined }} Options how often each thing is measured; every group has its own default */
/** @typedef {(options: Options) => Promise<{ figures: import('./report.mjs').Figure[], notes: string[] }>} Group */

/** @type {Readonly<Record<string, Group>>} */
const groups = { startup, plugins, transfer, memory, up, peers };
/**
 * Only measured when they are named.
 *
 * @type {Readonly<Record<string, Group>>}
 */
const furtherGroups = { 'guest-transfer': guestTransfer };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' } },
});

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/**
 * A group that cannot be measured does not take the others with it.
 *
 * @param {Group} measure
 * @param {Options} options
 * @returns {ReturnType<Group>}
 */
async function measured(measure, options) {
  try {
    return await measure(options);
  } catch (error) {
    process.exitCode = 1;
    return {
      figures: [],
      notes: [`could not be measured: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

await main(async () => {
  const known = { ...groups, ...furtherGroups };
  const unknown = positionals.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    say(`There is no group "${unknown}". There are: ${Object.keys(known).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  if (!existsSync(join(repositoryRoot, 'packages/core/oclif.manifest.json'))) {
    say('Build first: npm run build');
    process.exitCode = 2;
    return;
  }
  giveBackOnSignals();
  const date = new Date();
  const machine = describeMachine();
  say(Object.values(machine).join(', '));
  const options = { rounds: values.rounds === undefined ? undefined : Number(values.rounds) };
  const reports = [];
  for (const [group, measure] of Object.entries(positionals.length > 0 ? known : groups)) {
    if (positionals.length > 0 && !positionals.includes(group)) continue;
    const begin = performance.now();
    const report = { group, ...(await measured(measure, options)) };
    for (const line of tableLines(report)) say(line);
    say(`  (${Math.round((performance.now() - begin) / 1000)} s)`);
    reports.push(report);
  }
  say(`written to ${await writeResults({ date, machine, groups: reports })}`);
});
