/**
 * Takes a lock in a process of its own.
 *
 * `hold DIR NAME`: takes it, says "held", and releases it at the first line of input.
 * `work DIR NAME ROUNDS`: takes it ROUNDS times, adds 1 to DIR/counter each time in a way that is wrong unless nobody
 * else does it at the same time, and says "in" each time it is in.
 */
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireLock } from '../../../src/host/lock.js';
import { createProcessTable } from '../../../src/host/process-table.js';

const [mode, directory = '', name = '', rounds] = process.argv.slice(2);
const processes = createProcessTable();
const take = () => acquireLock({ directory, name, purpose: 'test child', processes, wait: true });

async function work(): Promise<void> {
  const owner = join(directory, 'owner');
  const counter = join(directory, 'counter');
  await writeFile(owner, String(process.pid));
  const count = Number(await readFile(counter, 'utf8').catch(() => '0'));
  process.stdout.write('in\n');
  await sleep(Math.random() * 4);
  const found = await readFile(owner, 'utf8');
  if (found !== String(process.pid)) throw new Error(`${found} is in as well as ${process.pid}`);
  await writeFile(`${counter}.${process.pid}`, String(count + 1));
  await rename(`${counter}.${process.pid}`, counter);
}

if (mode === 'hold') {
  const lock = await take();
  process.stdout.write('held\n');
  await once(process.stdin, 'data');
  await lock.release();
} else {
  for (let round = 0; round < Number(rounds); round++) {
    const lock = await take();
    await work();
    await lock.release();
  }
}
process.stdin.destroy();
