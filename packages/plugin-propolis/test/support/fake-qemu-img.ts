import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { FakeFailure, type FakeTool } from './fake-state.js';

/**
 * qemu-img(1): for raw images by itself, for others the real one of this host, with devices of volumes led to where the
 * fake host has them.
 *
 * FAKE_ILLUMOS_BIN is passed over in PATH: there is this one.
 */
export const qemuImg: FakeTool = (args, _state, directory) => {
  const [verb = ''] = args;
  if (!['info', 'convert'].includes(verb)) throw new FakeFailure(`qemu-img: unknown command ${verb}`);
  const real = args.map((arg) => (arg.startsWith('/dev/zvol/') ? join(directory, arg) : arg));
  const device = real.find((arg) => arg.startsWith(`${directory}/`) && arg.includes('/dev/zvol/'));
  if (device !== undefined && !existsSync(device)) {
    throw new FakeFailure(`qemu-img: Could not open '${device}': No such file or directory`);
  }
  if (real.includes('-f') && real[real.indexOf('-f') + 1] === 'raw') return raw(verb, real);
  const { status, stdout, stderr } = spawnSync(realProgram(), real, { encoding: 'utf8' });
  if (status !== 0) throw new FakeFailure(stderr.trim(), status ?? 1);
  return stdout;
};

/** Raw disks are bytes: most tests do without a qemu-img. */
function raw(verb: string, args: readonly string[]): string {
  const [source = '', target = ''] = verb === 'info' ? args.slice(-1) : args.slice(-2);
  const content = readFileSync(source);
  if (verb === 'info') return JSON.stringify({ format: 'raw', 'virtual-size': content.length });
  if (!args.includes('-n')) throw new FakeFailure(`qemu-img: ${target}: a device cannot be created`);
  const file = openSync(target, 'r+');
  writeSync(file, content);
  closeSync(file);
  return '';
}

function realProgram(): string {
  const own = process.env['FAKE_ILLUMOS_BIN'];
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'qemu-img');
    if (directory !== '' && directory !== own && existsSync(path)) return path;
  }
  throw new FakeFailure('qemu-img: not found', 127);
}
