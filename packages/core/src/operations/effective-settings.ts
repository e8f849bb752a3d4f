import { availableParallelism } from 'node:os';
import { DEFAULT_TIMEOUT_SECONDS } from '../vmfile/read-login.js';
import { DEFAULT_BRIDGE } from '../vmfile/read-network.js';
import type { VmFileDefaults } from '../vmfile/read-vm.js';
import type { Runtime } from './runtime.js';

/** How long a guest may take to power off before it is ended by force, when nobody says it. */
const STOP_TIMEOUT_SECONDS = 30;

/** How long a guest may take to power off. An option of the operation goes before the configuration. */
export function stopTimeoutMs({ configuration }: Runtime, given: number | undefined): number {
  return given ?? (configuration?.value('timeouts.stop') ?? STOP_TIMEOUT_SECONDS) * 1000;
}

/** How long a guest is waited for of which no VMFile says it. */
export function readyTimeoutMs({ configuration }: Runtime): number {
  return (configuration?.value('timeouts.ready') ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
}

/** How many VMs of a VMFile are worked on at a time. */
export function parallelism({ configuration }: Runtime, given: number | undefined): number {
  return given ?? configuration?.value('parallel') ?? Math.max(4, availableParallelism());
}

/** The bridge of a guest that is connected to one which nobody names. */
export function defaultBridge({ configuration }: Runtime): string {
  return configuration?.value('bridge') ?? DEFAULT_BRIDGE;
}

/** What counts for settings that a VMFile leaves out. */
export function vmFileDefaults({ configuration }: Runtime): VmFileDefaults {
  return {
    bridge: configuration?.value('bridge'),
    readyTimeoutSeconds: configuration?.value('timeouts.ready'),
  };
}
