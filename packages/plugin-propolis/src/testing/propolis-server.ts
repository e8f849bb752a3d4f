#!/usr/bin/env node
/**
 * A propolis-server for tests, as a program: `propolis-server run BOOTROM ADDRESS:PORT [VNC-ADDRESS:PORT]`.
 *
 * It writes its log to its standard output and debug.out to its working directory, as the real one does. Of the
 * environment it reads FAKE_PROPOLIS_FAULTS (a list of faults with their steps, as JSON, or `@` and the path of a file that
 * has it), FAKE_PROPOLIS_GREETING (what the guest writes when it begins to run), FAKE_PROPOLIS_ECHO (1: the
 * guest writes what is typed), FAKE_PROPOLIS_NEWEST (the newest version of the API), FAKE_PROPOLIS_REQUESTS (a
 * file that gets each request as a line of JSON), and FAKE_ILLUMOS_STATE, the directory below which the devices of zvols are. Other processes play the
 * guest through `POST /fake/…`, without a version.
 */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FakePropolisServer } from './fake-propolis-server.js';
import { readFault } from './faults.js';

/** Bytes of the largest boot ROM, and what its size is a multiple of. */
const ROM_LIMIT = 2 * 1024 * 1024;
const PAGE = 4096;
/** As a shell tells of a process that aborted. */
const ABORTED = 134;

function give(message: string, status: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(status);
}

function parseAddress(text: string | undefined): { readonly host: string; readonly port: number } {
  const [, host, port] = /^([\d.]+):(\d{1,5})$/.exec(text ?? '') ?? [];
  if (host === undefined) give(`error: invalid value '${text ?? ''}': invalid socket address syntax`, 2);
  return { host, port: Number(port) };
}

function checkRom(path: string): void {
  if (!existsSync(path)) give(`Error: bootrom ${path}: No such file or directory (os error 2)`, ABORTED);
  const { size } = statSync(path);
  if (size === 0 || size > ROM_LIMIT || size % PAGE !== 0) {
    give(`Error: bootrom ${path}: ${size} bytes are not a whole number of pages up to 2 MiB`, ABORTED);
  }
}

function readFaults(): readonly ReturnType<typeof readFault>[] {
  const given = process.env['FAKE_PROPOLIS_FAULTS'] ?? '';
  const text = given.startsWith('@') ? readFileSync(given.slice(1), 'utf8') : given;
  const list: unknown = text.trim() === '' ? [] : JSON.parse(text);
  if (!Array.isArray(list)) throw new SyntaxError('FAKE_PROPOLIS_FAULTS is no list');
  return list.map(readFault);
}

/** Devices of zvols are those that the fake host has; everything else is a file of this host. */
function hasFile(path: string): boolean {
  const state = process.env['FAKE_ILLUMOS_STATE'];
  return existsSync(state !== undefined && path.startsWith('/dev/zvol/') ? join(state, path) : path);
}

const [verb, rom, address, vnc, ...rest] = process.argv.slice(2);
if (verb !== 'run' || rom === undefined || address === undefined || rest.length > 0) {
  give('Usage: propolis-server run <BOOTROM_PATH> <PROPOLIS_ADDR> [VNC_ADDR]', 2);
}
const { host, port } = parseAddress(address);
checkRom(rom);
writeFileSync('debug.out', '', { flag: 'a' });
try {
  const server = await FakePropolisServer.listen({
    host,
    port,
    newestVersion: process.env['FAKE_PROPOLIS_NEWEST'],
    greeting: process.env['FAKE_PROPOLIS_GREETING'],
    ...(process.env['FAKE_PROPOLIS_ECHO'] === '1'
      ? { onInput: (bytes, { serial }) => serial.say(bytes) }
      : {}),
    hasFile,
    onRequest: (request) => {
      const path = process.env['FAKE_PROPOLIS_REQUESTS'];
      if (path !== undefined) appendFileSync(path, `${JSON.stringify(request)}\n`);
    },
    control: true,
    log: (line) => process.stdout.write(`${line}\n`),
    onDeath: (why) => give(why, ABORTED),
  });
  for (const { step, ...fault } of readFaults()) server.fail(step, fault);
  if (vnc !== undefined) createServer((socket) => socket.destroy()).listen(parseAddress(vnc));
} catch (error) {
  give(`Error: ${error instanceof Error ? error.message : String(error)}`, 1);
}
