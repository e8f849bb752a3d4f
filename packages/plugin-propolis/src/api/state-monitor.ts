import type { PluginHost } from '@vmctl/core/plugin';
import { codeOf } from '../thrown.js';
import type { CallOptions, PropolisClient } from './client.js';
import type { InstanceState, ObservedState } from './types.js';

/** How long one request may wait; then the same is asked again. It finds a connection that died without a word. */
const POLL_MS = 60_000;

/**
 * The states of a VM from now on, the present one first, until it is done with. States that follow one another fast may
 * be skipped. Every request asks for the generation after the last one.
 *
 * @param options.after - the last generation that is known; default: none
 * @param options.timeoutMs - in all; then VMCTL_PROPOLIS_TIMEOUT
 * @param options.pollMs - for one request; default 60 s
 */
export async function* watchStates(
  client: PropolisClient,
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly after?: number | undefined;
    readonly pollMs?: number | undefined;
  },
): AsyncGenerator<ObservedState> {
  const { pollMs = POLL_MS } = options;
  const deadline = performance.now() + options.timeoutMs;
  let last = options.after ?? 0;
  for (;;) {
    const remaining = deadline - performance.now();
    const timeoutMs = Math.max(1, Math.min(pollMs, remaining));
    let next: ObservedState | undefined;
    try {
      next = await client.monitor(last + 1, { signal: options.signal, timeoutMs });
    } catch (error) {
      if (codeOf(error) === 'VMCTL_PROPOLIS_TIMEOUT' && remaining > pollMs) continue;
      throw error;
    }
    if (next === undefined) return;
    last = next.gen;
    yield next;
  }
}

/** States in which nothing more will come of a VM. `Stopped` goes on to `Destroyed`. */
export function isFinal(state: InstanceState): boolean {
  return state === 'Destroyed' || state === 'Failed';
}

/**
 * Waits until a VM is in one of the wanted states, or is done with.
 *
 * @returns the state that it is in; one that is not wanted only when none of the wanted ones can come any more
 * @throws VMCTL_PROPOLIS_TIMEOUT with the state that it stayed in
 */
export async function waitForState(
  client: PropolisClient,
  wanted: readonly InstanceState[],
  options: CallOptions & {
    readonly timeoutMs: number;
    readonly error: PluginHost['error'];
    readonly vm: string;
  },
): Promise<InstanceState> {
  let last: InstanceState | undefined;
  try {
    for await (const { state } of watchStates(client, options)) {
      last = state;
      if (wanted.includes(state) || isFinal(state)) return state;
    }
  } catch (cause) {
    if (codeOf(cause) !== 'VMCTL_PROPOLIS_TIMEOUT' || last === undefined) throw cause;
    throw options.error('VMCTL_PROPOLIS_TIMEOUT', {
      message: `${options.vm} did not become ${wanted.join(' or ')} within ${options.timeoutMs / 1000} s; it is ${last}.`,
      hint: `See how it is: vmctl status ${options.vm}`,
      cause,
      details: { vm: options.vm, state: last },
    });
  }
  return last ?? 'Destroyed';
}
