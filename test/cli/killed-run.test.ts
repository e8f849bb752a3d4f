import { afterEach, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { Child } from '../../packages/core/test/support/child.js';
import { until } from '../../packages/core/test/support/until.js';
import { createProcessTable } from '../../packages/core/src/host/process-table.js';

const processes = createProcessTable();
const directories: string[] = [];
let run: Child;
afterEach(async () => {
  await run.kill();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

it('a test run that is killed leaves no sshd, no terminal, and no home with its VMs', async () => {
  run = new Child(new URL('../support/left-behind-child.ts', import.meta.url));
  const started = JSON.parse(await run.line());
  const { port, terminal, home } = started;
  directories.push(...started.directories);
  const isRunning = async () => (await processes.identify(terminal)) !== undefined;
  expect([await isListening(port), await isRunning(), existsSync(home)]).toEqual([true, true, true]);
  await run.kill();
  await until('the end of the sshd', async () => !(await isListening(port)));
  await until('the end of the terminal', async () => !(await isRunning()));
  await until('the end of the home', () => !existsSync(home));
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
