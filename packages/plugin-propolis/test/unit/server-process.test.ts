import { describe, expect, it } from '@jest/globals';
import type { PluginHost } from '@vmctl/core/plugin';
import { createFakeHost } from '@vmctl/core/testing';
import { createIllumosCommands } from '../../src/host/illumos-commands.js';
import { portOf } from '../../src/handle-run.js';
import { stopRecorder } from '../../src/serial/recorder.js';
import { endServerProcess } from '../../src/server-process.js';
import { makeError, propolisHandle } from '../support/fakes.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const directory = useTemporaryDirectory();
const SERVER = { pid: 42, startTime: 'then' };

/**
 * A process that ends when it gets a certain signal.
 *
 * @param endsAt - null: none ends it
 */
function aProcess(endsAt: NodeJS.Signals | null, { isOurs = true } = {}) {
  const host = createFakeHost({ platform: 'sunos' });
  const sent: string[] = [];
  let lives = true;
  const end = (signal: string): void => {
    if (signal === endsAt) lives = false;
  };
  host.commands.on(/^pfexec kill/, ({ args }) => {
    end(`SIG${args[2] ?? ''}`);
    return {};
  });
  const processes: PluginHost['processes'] = {
    ...host.processes,
    isAlive: async () => lives,
    waitForExit: async () => !lives,
    signal: async (_identity, signal) => {
      if (!lives) return false;
      if (!isOurs) throw makeError('VMCTL_PROCESS_NOT_OURS', { message: 'it belongs to root' });
      sent.push(signal);
      end(signal);
      return true;
    },
  };
  const commands = createIllumosCommands({ ...host, processes });
  return {
    processes,
    sent,
    lines: () => host.commands.commands.map(({ line }) => line),
    ended: () => endServerProcess({ processes }, commands, SERVER),
  };
}

describe('a server', () => {
  it('is asked to end first, and then made to', async () => {
    const willing = aProcess('SIGTERM');
    expect(await willing.ended()).toBe(true);
    expect(willing.sent).toEqual(['SIGTERM']);
    const stuck = aProcess('SIGKILL');
    expect(await stuck.ended()).toBe(true);
    expect(stuck.sent).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('that runs with more rights than vmctl is ended with those', async () => {
    const stuck = aProcess('SIGKILL', { isOurs: false });
    expect(await stuck.ended()).toBe(true);
    expect(stuck.lines()).toEqual(['pfexec kill -s TERM 42', 'pfexec kill -s KILL 42']);
  });

  it('that hangs in the kernel is said to be there', async () => {
    expect(await aProcess(null).ended()).toBe(false);
  });
});

it('a recorder that does not end is made to', async () => {
  const record = join(directory.path, 'console-recorder.json');
  for (const [endsAt, signals] of [
    ['SIGTERM', ['SIGTERM']],
    ['SIGKILL', ['SIGTERM', 'SIGKILL']],
  ] as const) {
    await writeFile(record, JSON.stringify(SERVER));
    const { processes, sent } = aProcess(endsAt);
    await stopRecorder({ processes }, directory.path);
    expect(sent).toEqual(signals);
  }
});

it.each([
  [41_022, 41_022],
  [65_535, 65_535],
  [65_536, undefined],
  [0, undefined],
  [1.5, undefined],
  ['41022', undefined],
  [undefined, undefined],
])('the port of a handle that says %j is %j', (said, port) => {
  expect(portOf(propolisHandle({ propolis_port: said }))).toBe(port);
});
