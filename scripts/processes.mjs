/** Running programs from the repository's scripts. Node built-ins only: this runs before `npm ci`. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('..', import.meta.url));

/** A program that ended with something other than 0. */
export class CommandFailed extends Error {
  name = 'CommandFailed';

  /**
   * @param {string} command
   * @param {number} status 128 + n when signal n ended it
   * @param {string} [output] what it printed, where that was caught
   */
  constructor(command, status, output = '') {
    super(`${command} ended with exit status ${status}.`);
    this.status = status;
    this.output = output;
  }
}

/**
 * Runs a script's work. What the user can act on ends it with one line and a status, without a stack.
 *
 * @param {() => Promise<void>} work
 */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.status;
  }
}

/** The environment in which the tools of `node_modules` come first; `/usr/sbin` has mke2fs and sfdisk. */
export function toolEnvironment() {
  const path = [join(repositoryRoot, 'node_modules/.bin'), process.env.PATH, '/usr/sbin', '/sbin'];
  return { ...process.env, PATH: path.join(delimiter) };
}

/** @typedef {import('node:child_process').SpawnOptions & { input?: string }} RunOptions `input` goes to stdin */

/**
 * Runs a program to its end; its output goes to this terminal.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<void>}
 * @throws {CommandFailed}
 */
export async function run(file, args, options = {}) {
  const status = await statusOf(file, args, options);
  if (status !== 0) throw new CommandFailed([file, ...args].join(' '), status);
}

/**
 * Runs a program to its end and returns its exit status; 128 + n when signal n ended it.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function statusOf(file, args, { input, ...options } = {}) {
  const child = spawn(file, args, {
    cwd: repositoryRoot,
    env: toolEnvironment(),
    stdio: input === undefined ? 'inherit' : ['pipe', 'inherit', 'inherit'],
    ...options,
  });
  child.stdin?.end(input);
  // A Ctrl-C reaches the program as well: it decides, and its status is passed on. SIGTERM has to be handed down.
  const wait = () => {};
  const end = () => child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  }).finally(() => process.off('SIGINT', wait).off('SIGTERM', end));
}

/**
 * Runs a program to its end and returns what it printed; its errors go to this terminal.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<string>}
 * @throws {CommandFailed}
 */
export function outputOf(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: repositoryRoot,
      env: toolEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
      ...options,
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const status = code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
      if (status === 0) resolve(output);
      else reject(new CommandFailed([file, ...args].join(' '), status, output));
    });
  });
}
