import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PropolisClient } from '../api/client.js';
import type { ServerAddress } from '../api/exchange.js';
import type { InstanceState } from '../api/types.js';
import { codeOf } from '../thrown.js';
import { missingMark } from './missing-bytes.js';
import { openSerial } from './serial-stream.js';

/** What the recorder is told on its command line, as JSON. */
export interface Recording {
  /** The VM's name. */
  readonly vm: string;
  /** The UUID by which the server knows it: another program can have got the server's port. */
  readonly instanceId: string;
  readonly address: ServerAddress;
  /** Absolute. */
  readonly logPath: string;
  /** Bytes of this boot that the log has. */
  readonly fromStart: number;
}

/** Why a recording is over. */
export type RecordingEnd = 'stopped' | 'server-gone' | 'other-vm' | 'aborted';

/** Between two tries to connect. */
const RETRY_MS = 250;
/** How long a server may be out of reach until it counts as gone. */
const GONE_MS = 5_000;
/** What a server keeps of the end of a console, in bytes. */
const KEPT = 1024 * 1024;
/** In these nothing more is written. */
const OVER: readonly InstanceState[] = ['Stopped', 'Failed', 'Destroyed'];

/**
 * Appends what a guest writes to its log, from one place of its output on, until the VM has stopped or its server is gone.
 * A connection that breaks is made anew, at the byte where it broke.
 */
export async function record(
  recording: Recording,
  options: { readonly signal: AbortSignal; readonly retryMs?: number; readonly goneMs?: number },
): Promise<RecordingEnd> {
  const { signal, retryMs = RETRY_MS, goneMs = GONE_MS } = options;
  await using log = await open(recording.logPath, 'a', 0o600);
  let { address, fromStart } = recording;
  let lastSeen = performance.now();
  for (;;) {
    const client = new PropolisClient({ address, vm: recording.vm, error: plainError });
    try {
      const instance = await client.instance({ signal });
      lastSeen = performance.now();
      if (instance?.id.toLowerCase() !== recording.instanceId) return 'other-vm';
      if (OVER.includes(instance.state)) return 'stopped';
      fromStart = await nextByteKept(client, log, fromStart, signal);
      const stream = await openSerial({
        address,
        vm: recording.vm,
        error: plainError,
        offset: { fromStart },
        version: await client.version({ signal }),
        signal,
      });
      // Also while nothing comes.
      const onAbort = (): void => void stream.destroy();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        for await (const bytes of stream as AsyncIterable<Buffer>) {
          // Only what is in the log counts; a migration says by itself where the other server goes on.
          await log.appendFile(bytes);
          fromStart += bytes.length;
        }
        if (!signal.aborted) return 'stopped';
      } finally {
        signal.removeEventListener('abort', onAbort);
        address = stream.address;
        // Until it broke there was somebody.
        lastSeen = performance.now();
      }
    } catch (error) {
      if (signal.aborted) return 'aborted';
      const code = codeOf(error);
      // Another program has the port now.
      if (code === 'VMCTL_PROPOLIS_PROTOCOL' || code === 'VMCTL_PROPOLIS_VERSION') return 'other-vm';
      if (code?.startsWith('VMCTL_PROPOLIS_') !== true) throw error;
      // One that is only slow to answer is there.
      const isAway = code === 'VMCTL_PROPOLIS_UNREACHABLE';
      if (isAway && performance.now() - lastSeen > goneMs) return 'server-gone';
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return 'aborted';
  }
}

/** Where to go on: a server keeps only the end of what a guest has written long ago, and the log says what is missing. */
async function nextByteKept(
  client: PropolisClient,
  log: FileHandle,
  fromStart: number,
  signal: AbortSignal,
): Promise<number> {
  if (fromStart === 0) return 0;
  try {
    await client.serialHistory({ fromStart }, { signal, maxBytes: 0 });
    return fromStart;
  } catch (error) {
    if (codeOf(error) !== 'VMCTL_PROPOLIS_BAD_REQUEST') throw error;
    const { endOffset } = await client.serialHistory({ mostRecent: KEPT }, { signal, maxBytes: 0 });
    await log.appendFile(missingMark(endOffset - fromStart));
    return endOffset;
  }
}

/** Nobody reads what the recorder says; only its own code looks at the errors. */
function plainError(
  code: string,
  { message, cause }: { readonly message: string; readonly cause?: unknown },
): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}
