import type { EventSink, Stage } from '../events/events.js';
import type { GuestSession } from '../guest/contract.js';
import type { Logger } from '../host/logger.js';
import type { Hypervisor, VmHandle, VmSpec } from '../hypervisor/contract.js';
import type { ResolvedImage } from '../images/contract.js';
import type { VmDefinition } from '../vmfile/model.js';

/**
 * One VM on its way through `up`. Stages fill in what the later ones need; a tap may read all of it and replace
 * what it is responsible for.
 */
export interface UpContext {
  /** The VM as the VMFile has it. */
  readonly definition: VmDefinition;
  /** Directory of the VMFile. */
  readonly baseDir: string;
  /** Absolute path of `vms/<name>`. */
  readonly workDir: string;
  /** Whatever backend the VM has: calls are passed on to it. */
  readonly hypervisor: Hypervisor;
  /** Aborted by Ctrl-C: stop waiting, undo what is half done, reject with its reason. */
  readonly signal: AbortSignal;
  /** For progress and warnings. */
  readonly events: EventSink;
  /** For diagnostics. */
  readonly log: Logger;
  /** Set from the stage `resolve` on; undefined for a VM that exists already. */
  image?: ResolvedImage;
  /** Set by core before the backend's `prepare`, for a tap at a negative stage of `prepare` to change. */
  spec?: VmSpec;
  /** Set from the stage `prepare` on. */
  handle?: VmHandle;
  /** Set from the stage `ready` on, for guests that can be logged in to; ended by core after the last stage. */
  guest?: GuestSession;
  /** A few words for the stage's line; the last tap that sets it wins. Cleared before each stage. */
  detail?: string;
  /** Set before the hook `failed` is called. */
  failure?: { readonly stage: Stage; readonly error: Error };
}
