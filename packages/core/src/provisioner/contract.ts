import type { GuestSession, SshAccess } from '../guest/contract.js';
import type { Logger } from '../host/logger.js';
import type { VmFileNode } from '../vmfile/node.js';

/** A thing that decides what a step does: a file's content or a value. For fingerprints and dry runs. */
export type ProvisionInput =
  | { readonly kind: 'file'; /** Absolute; a directory counts with all it holds. */ readonly path: string }
  | { readonly kind: 'value'; readonly name: string; readonly value: string };

/** The VM as a provisioner sees it. */
export interface ProvisionedVm {
  /** As in the VMFile. */
  readonly name: string;
  /** `<backend>-<uuid>`. */
  readonly id: string;
  /** What the guest calls itself. */
  readonly hostname: string;
}

/** How far a transfer of a step is. */
export interface StepProgress {
  /** What is done: `upload`. */
  readonly task: string;
  /** What it is done to, for people: a file's name. */
  readonly subject: string;
  /** Bytes so far, and in all where known. */
  readonly done: number;
  /** Bytes in all, where known. */
  readonly total?: number | undefined;
}

/** What a provisioner works with. */
export interface ProvisionContext {
  /** The VM that is provisioned. */
  readonly vm: ProvisionedVm;
  /** Which step of how many this is, from 1. */
  readonly step: { readonly index: number; readonly count: number; readonly name: string };
  /** Logged in, and ended by the runner. */
  readonly guest: GuestSession;
  /**
   * For provisioners whose work is done by a program of the host that logs in to the guest itself. Undefined for a
   * guest that is not reached over SSH: such a provisioner refuses it.
   */
  readonly ssh?: SshAccess | undefined;
  /** Directory of the VMFile. */
  readonly baseDir: string;
  /**
   * Output for the user and provision.log; bytes may be cut anywhere, binary is made printable. A promise comes back
   * when the log cannot keep up, and resolves when it has: give it to `exec` as the result of `onStdout`, and the
   * guest is slowed down. It never rejects.
   */
  readonly output: {
    stdout(chunk: Uint8Array | string): void | Promise<void>;
    stderr(chunk: Uint8Array | string): void | Promise<void>;
  };
  /** Says how far a transfer is, as often as it likes; shown beside the step. */
  progress(progress: StepProgress): void;
  /** From now on this value is replaced by `***` in output, events and logs. */
  redact(secret: string): void;
  /** Aborted by Ctrl-C: end what runs, reject with its reason. */
  readonly signal: AbortSignal;
  /** For diagnostics. */
  readonly log: Logger;
  /**
   * Makes an error that the user is shown as it is. Of `details`, the runner tells the user `command` (a text),
   * `exitCode` (a number) and `signal` (a text); all of it must survive JSON.
   */
  error(
    code: string,
    options: { message: string; hint?: string; cause?: unknown; details?: Readonly<Record<string, unknown>> },
  ): Error;
}

/** What provision.log says of a step that succeeded. */
export interface ProvisionOutcome {
  /** Of the command that was the step. */
  readonly exitCode?: number | undefined;
}

/**
 * One way of provisioning. `run` resolves when the step succeeded and rejects when it did not; it holds no state
 * between steps.
 */
export interface Provisioner<C = unknown> {
  /** What `provision "…"` calls it. */
  readonly type: string;
  /**
   * Reads the step's node. `run` and `name` are core's and already read. Problems are recorded on the node, never
   * thrown; what is not read is refused for you.
   */
  decode(node: VmFileNode): C;
  /** What to look at to know whether the step changed; without it, the configuration alone. */
  inputs?(config: C, ctx: { readonly baseDir: string }): Promise<readonly ProvisionInput[]>;
  /**
   * Does the step. An abort of `ctx.signal` ends it: what runs in the guest is ended too, and the promise settles
   * within ten seconds, or the runner goes on without it.
   */
  run(config: C, ctx: ProvisionContext): Promise<ProvisionOutcome | void>;
}
