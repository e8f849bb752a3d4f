import type { VmResult } from '../events/events.js';

/** What became of an operation on several VMs. */
export interface OperationResult {
  readonly ok: boolean;
  readonly vms: readonly VmResult[];
}
