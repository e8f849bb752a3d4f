import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import type { GuestAddress } from '../hypervisor/contract.js';

/** An SSH server that said who it is. */
export interface Greeting {
  /** Open, paused, with the greeting still to be read. */
  readonly socket: Socket;
  /** `SSH-2.0-OpenSSH_9.2p1 Debian-2`. */
  readonly line: string;
  readonly address: Extract<GuestAddress, { kind: 'tcp' }>;
}

export interface GreetingOptions {
  readonly address: () => Promise<GuestAddress>;
  readonly signal: AbortSignal;
  /** Told why there is no greeting yet, whenever that changes. */
  readonly onReason: (reason: string) => void;
}

/** A new attempt begins this long after the last one, so waiting adds no more than that. */
const POLL_MS = 100;
/**
 * Before the guest's network is up, attempts pile up inside QEMU and all reach the guest at once when it is: that many
 * logins keep it from booting. So the longer nothing has answered, the fewer are begun: at most one in two seconds.
 */
const UNANSWERED_SHARE = 0.05;
const UNANSWERED_MAX_MS = 2_000;
/** A connection that ends within this time was refused by the guest itself. */
const PROMPT_MS = 500;
/** How long an attempt is left alone once the guest is known to answer. */
const PATIENCE_MS = 5_000;
/** sshd turns connections away at random when ten of them have not logged in (MaxStartups). */
const MAX_ATTEMPTS = 8;
/** Lines that a server may send before its version (RFC 4253, 4.2), and the version. */
const MAX_GREETING_BYTES = 8 * 1024;

/**
 * Waits until an SSH server greets at an address.
 *
 * With QEMU's user networking every connection succeeds at once, and one that is made before the guest's network is
 * up is not passed on later, or only after seconds. So attempts are begun anew, several at once, until the guest
 * refuses one: its network is up then, a while before its SSH server. From then on it answers each at once, one is
 * begun every {@link POLL_MS}, and the first one that it does not refuse is the one to wait for.
 *
 * @throws the signal's reason on abort
 */
export async function waitForGreeting(options: GreetingOptions): Promise<Greeting> {
  const { address, signal, onReason } = options;
  const attempts: Attempt[] = [];
  let isAnswering = false;
  /** Whether the last attempt that ended was told something; it says more than an attempt that waits. */
  let isToldWhy = false;
  const started = performance.now();
  let lastBegun = -Infinity;
  try {
    for (;;) {
      signal.throwIfAborted();
      const oldest = attempts[0];
      if (oldest !== undefined && oldest.age > PATIENCE_MS) isAnswering = isToldWhy = false;
      const now = performance.now();
      const rest = Math.min(UNANSWERED_MAX_MS, (now - started) * UNANSWERED_SHARE);
      if (oldest === undefined || (!isAnswering && now - lastBegun >= rest)) {
        lastBegun = now;
        makeRoom(attempts);
        const attempt = await begin(address, onReason);
        if (attempt !== undefined) attempts.push(attempt);
      }
      const tick = new AbortController();
      const pause = sleep(POLL_MS, undefined, { signal: AbortSignal.any([signal, tick.signal]) });
      pause.catch(() => undefined);
      const ended = await Promise.race([...attempts.map(({ outcome }) => outcome), pause]);
      if (ended === undefined) {
        if (attempts.length > 0 && !isToldWhy) onReason(whyNothing(attempts));
        continue;
      }
      attempts.splice(attempts.indexOf(ended.attempt), 1);
      if (ended.greeting !== undefined) {
        tick.abort();
        return ended.greeting;
      }
      onReason(ended.reason);
      isToldWhy = ended.isTold;
      if (ended.attempt.age < PROMPT_MS) {
        isAnswering = true;
        // What was begun earlier was refused as well, or is lost: QEMU passes it on seconds later.
        for (const attempt of attempts.splice(0)) attempt.abandon();
      }
      await pause;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    for (const attempt of attempts) attempt.abandon();
  }
}

/** The oldest attempt may be the one that a slow server has taken; it is given up last. */
function makeRoom(attempts: Attempt[]): void {
  if (attempts.length < MAX_ATTEMPTS) return;
  const oldestIsHopeless = (attempts[0]?.age ?? 0) > 3 * PATIENCE_MS;
  const [victim] = attempts.splice(oldestIsHopeless ? 0 : 1, 1);
  victim?.abandon();
}

function whyNothing(attempts: readonly Attempt[]): string {
  return attempts.some(({ isConnected }) => isConnected)
    ? 'connections are accepted, but no SSH server answers'
    : 'the guest does not answer';
}

async function begin(
  address: () => Promise<GuestAddress>,
  onReason: (reason: string) => void,
): Promise<Attempt | undefined> {
  try {
    const found = await address();
    if (found.kind === 'tcp') return new Attempt(found);
    onReason(`the guest has no address yet (${found.reason})`);
  } catch (error) {
    onReason(`the guest's address is not known (${messageOf(error)})`);
  }
  return undefined;
}

interface Ended {
  readonly attempt: Attempt;
  readonly greeting?: Greeting;
  readonly reason: string;
  /** Whether the reason is what the other side has sent. */
  readonly isTold: boolean;
}

/** One connection that waits for a greeting. */
class Attempt {
  /** Resolves when the server has greeted or the connection is over; never rejects. */
  readonly outcome: Promise<Ended>;
  readonly #socket: Socket;
  readonly #started = performance.now();

  constructor(address: Greeting['address']) {
    const { host, port } = address;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    let head = Buffer.alloc(0);
    this.outcome = new Promise((resolve) => {
      const end = (reason: string, isTold = false): void => resolve({ attempt: this, reason, isTold });
      const read = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const line = versionLine(head);
        if (line !== undefined) {
          // What comes next is for whoever logs in; an error until then shows up there as well.
          socket.pause();
          socket.off('data', read);
          socket.unshift(head);
          resolve({ attempt: this, greeting: { socket, line, address }, reason: '', isTold: true });
        } else if (head.length > MAX_GREETING_BYTES) {
          socket.destroy();
          end('something answers that is no SSH server', true);
        }
      };
      socket.on('data', read);
      socket.on('error', (error) => end(reasonOf(error)));
      socket.on('close', () => {
        const said = head.toString('latin1').trim().slice(0, 100);
        if (said === '') end('the guest refuses the connection');
        else end(`the server says "${said}"`, true);
      });
    });
  }

  /** Milliseconds since it began. */
  get age(): number {
    return performance.now() - this.#started;
  }

  get isConnected(): boolean {
    return !this.#socket.connecting;
  }

  abandon(): void {
    this.#socket.destroy();
  }
}

function versionLine(head: Buffer): string | undefined {
  const lines = head.toString('latin1').split('\n').slice(0, -1);
  return lines.find((line) => line.startsWith('SSH-'))?.trimEnd();
}

function reasonOf(error: Error): string {
  switch (errnoOf(error)) {
    case 'ECONNREFUSED':
      return 'the connection is refused';
    case 'ECONNRESET':
      return 'the guest refuses the connection';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the guest';
    default:
      return error.message;
  }
}
