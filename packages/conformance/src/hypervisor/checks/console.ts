import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { outcomeOf, within } from '../../bounded.js';
import type { HypervisorCheck, HypervisorFacts } from '../facts.js';

const CLOSE_MS = 5_000;

const unlessOpensConsole = ({ opensConsole }: HypervisorFacts): string | undefined =>
  opensConsole ? undefined : 'the backend has no openConsole()';

/** Resolves when a stream is closed, with or without an error. */
async function closed(stream: Duplex): Promise<void> {
  // It is expected to break or to end; both close it.
  stream.on('error', () => undefined);
  stream.resume();
  if (!stream.closed) await once(stream, 'close');
}

/** What a console that the backend opens has to be. */
export const consoleChecks: readonly HypervisorCheck[] = [
  {
    id: 'console-can-be-opened',
    title: 'the console of a running VM can be opened several times at once, and ends when the VM is stopped',
    skip: unlessOpensConsole,
    async run(lab) {
      const vm = await lab.running();
      const open = async (replay: boolean): Promise<Duplex> => {
        const opening = lab.hypervisor.openConsole?.(vm, { replay }, lab.context());
        assert.ok(opening !== undefined, 'openConsole() is gone');
        return lab.call('openConsole', opening);
      };
      const streams: Duplex[] = [];
      try {
        for (const replay of [false, true, false]) streams.push(await open(replay));
        assert.ok(
          streams.every(({ readable, writable }) => readable && writable),
          'a console can be read and written',
        );
        const [given, ...kept] = streams;
        given?.destroy();
        await lab.call('stop', lab.hypervisor.stop(vm, { timeoutMs: 0 }, lab.context()));
        await within('the end of a console after stop', CLOSE_MS, Promise.all(kept.map(closed)));
      } finally {
        for (const stream of streams) stream.destroy();
      }
    },
  },
  {
    id: 'console-of-a-vm-at-rest',
    title: 'opening the console of a VM that does not run is refused, whether it was started before or not',
    skip: unlessOpensConsole,
    async run(lab) {
      const refused = async (vm: Parameters<typeof lab.hypervisor.state>[0], how: string): Promise<void> => {
        const opening = lab.hypervisor.openConsole?.(vm, { replay: false }, lab.context());
        assert.ok(opening !== undefined, 'openConsole() is gone');
        const outcome = await lab.call('openConsole', outcomeOf(opening));
        if (outcome.kind === 'resolved') outcome.value.destroy();
        assert.equal(outcome.kind, 'rejected', `the console of a VM that ${how} was opened`);
      };
      await refused(await lab.prepare(), 'was never started');
      const running = await lab.running('other');
      const stopped = await lab.call('stop', lab.hypervisor.stop(running, { timeoutMs: 0 }, lab.context()));
      await refused(stopped, 'was stopped');
    },
  },
];
