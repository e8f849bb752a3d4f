import type { VmState } from '@vmctl/core/plugin';
import { isObject } from './qmp-message.js';

/** What QEMU says about the guest's processors (QEMU: qapi/run-state.json, `RunState`), and what that means for us. */
const STATES: Readonly<Record<string, Omit<VmState, 'pid'>>> = {
  running: { name: 'running' },
  paused: { name: 'suspended' },
  suspended: { name: 'suspended', detail: 'asleep (ACPI S3)' },
  prelaunch: { name: 'preparing', detail: 'not started yet (prelaunch)' },
  inmigrate: { name: 'preparing', detail: 'its memory is being loaded (inmigrate)' },
  'restore-vm': { name: 'preparing', detail: 'its memory is being loaded (restore-vm)' },
  'finish-migrate': { name: 'suspended', detail: 'paused (finish-migrate)' },
  postmigrate: { name: 'suspended', detail: 'paused (postmigrate)' },
  'save-vm': { name: 'suspended', detail: 'its memory is being saved (save-vm)' },
  'io-error': {
    name: 'suspended',
    detail: 'paused (io-error): its disk cannot be written; make room on the host, then resume it',
  },
  watchdog: { name: 'suspended', detail: 'paused (watchdog)' },
  debug: { name: 'suspended', detail: 'paused (debug)' },
  colo: { name: 'running', detail: 'colo' },
  'internal-error': { name: 'failed', detail: 'QEMU stopped the guest (internal-error)' },
  'guest-panicked': { name: 'failed', detail: 'the kernel of the guest panicked' },
  shutdown: { name: 'failed', detail: 'the guest has shut down, its QEMU has not ended' },
};

/** The reply to `query-status` as a state. Words of newer versions count as running, with the word as detail. */
export function runState(reply: unknown): Omit<VmState, 'pid'> {
  const status = isObject(reply) ? reply['status'] : undefined;
  if (typeof status !== 'string') return { name: 'running', detail: 'QEMU does not say how the guest is' };
  return (Object.hasOwn(STATES, status) ? STATES[status] : undefined) ?? { name: 'running', detail: status };
}

/** Whether the guest sleeps by its own wish; then it is woken up, not continued. */
export function isAsleep(reply: unknown): boolean {
  return isObject(reply) && reply['status'] === 'suspended';
}
