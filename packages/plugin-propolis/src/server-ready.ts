import { setTimeout as sleep } from 'node:timers/promises';
import type { PluginHost } from '@vmctl/core/plugin';
import type { PropolisClient } from './api/client.js';
import { logTail } from './api/server-log.js';
import type { ServerEnd, StartedServer } from './server-process.js';
import { codeOf } from './thrown.js';

/** Between two tries; the server needs some 50 ms until it listens. */
const POLL_MS = 10;
const SLOW_POLL_MS = 100;
const FAST_POLLS = 100;

/** How a server says that somebody else listens on its port. */
const PORT_TAKEN = /address (?:is )?already in use|AddrInUse|EADDRINUSE/i;

/** A server that ended before it could be used. */
export class ServerGone extends Error {
  /** Whether another program has its port. */
  readonly isPortTaken: boolean;

  constructor(end: ServerEnd, log: string) {
    super(`propolis-server ${end}${log === '' ? ', and said nothing.' : `:\n${log}`}`);
    this.name = 'ServerGone';
    this.isPortTaken = PORT_TAKEN.test(log);
  }
}

/**
 * Waits until a server that was just started answers; that it has no VM yet (424) is an answer.
 *
 * @throws {@link ServerGone} when it ends before; VMCTL_PROPOLIS_UNREACHABLE with the end of its log at the deadline
 */
export async function waitUntilUp(
  client: PropolisClient,
  server: Pick<StartedServer, 'end' | 'ended'>,
  options: {
    readonly error: PluginHost['error'];
    readonly vm: string;
    readonly logPath: string;
    readonly deadlineMs: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { error, vm, logPath, deadlineMs, signal } = options;
  const gone = new AbortController();
  void server.ended.then(() => gone.abort());
  const either = AbortSignal.any([signal, gone.signal]);
  const deadline = performance.now() + deadlineMs;
  const mustLive = async (): Promise<void> => {
    const end = server.end();
    if (end !== undefined) throw new ServerGone(end, await logTail(logPath));
  };
  for (let polls = 0; ; polls += 1) {
    const remaining = deadline - performance.now();
    try {
      await client.instance({ signal: either, timeoutMs: Math.max(1, remaining) });
      // Whoever answers is another one when ours could not get the port.
      await mustLive();
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      await mustLive();
      if (!isWorthRepeating(thrown)) throw thrown;
      if (deadline - performance.now() <= 0) {
        const log = await logTail(logPath);
        throw error('VMCTL_PROPOLIS_UNREACHABLE', {
          message:
            `The propolis-server of ${vm} was started, and did not answer within ${deadlineMs / 1000} s; it was ended.` +
            (log === '' ? '' : `\nThe end of its log:\n${log}`),
          hint: 'See whether it can be started by hand, and whether its boot ROM is the right one: vmctl doctor',
          cause: thrown,
          details: { vm, log },
        });
      }
    }
    // An abort ends the pause; the next round sees why.
    await sleep(polls < FAST_POLLS ? POLL_MS : SLOW_POLL_MS, undefined, { signal: either }).catch(
      () => undefined,
    );
  }
}

/** Nobody listens yet, or whoever does is not through with starting. */
function isWorthRepeating(error: unknown): boolean {
  return ['VMCTL_PROPOLIS_UNREACHABLE', 'VMCTL_PROPOLIS_TIMEOUT'].includes(codeOf(error) ?? '');
}
