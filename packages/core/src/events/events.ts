import type { ErrorReport } from '../errors/error-report.js';

export type { ErrorReport };

/** The stages of `up`, in order. */
export const STAGES = ['resolve', 'prepare', 'start', 'ready', 'provision'] as const;
/** One stage of `up`. */
export type Stage = (typeof STAGES)[number];

/** What became of one VM in one run of an operation. */
export type VmOutcome =
  | 'up'
  | 'already-running'
  /** Changed while it ran, and not restarted. */
  | 'updated'
  | 'created'
  | 'started'
  | 'restarted'
  | 'stopped'
  | 'already-stopped'
  | 'suspended'
  | 'already-suspended'
  | 'resumed'
  | 'provisioned'
  /** It was waited for. */
  | 'running'
  | 'ready'
  | 'destroyed'
  | 'absent'
  | 'failed'
  | 'blocked'
  | 'interrupted';

/** Bodies of all events; the emitter adds `time`. Durations are in whole milliseconds. */
export type VmctlEventBody =
  | { readonly type: 'run.started'; readonly operation: string; readonly vms: readonly string[] }
  | {
      readonly type: 'run.finished';
      readonly operation: string;
      readonly ok: boolean;
      readonly durationMs: number;
      readonly vms: readonly VmResult[];
    }
  /** Work on a VM begins; before that it waits for a place, or for VMs that it depends on. */
  | { readonly type: 'vm.started'; readonly vm: string }
  | { readonly type: 'stage.started'; readonly vm: string; readonly stage: Stage }
  | {
      readonly type: 'stage.finished';
      readonly vm: string;
      readonly stage: Stage;
      /** A few words for people: `noble.img (cached)`. */
      readonly detail: string;
      readonly durationMs: number;
    }
  | {
      readonly type: 'stage.failed';
      readonly vm: string;
      readonly stage: Stage;
      readonly error: ErrorReport;
      readonly durationMs: number;
    }
  | {
      readonly type: 'progress';
      readonly vm: string | undefined;
      /** What is done: `download`, `decompress`, `upload`; `verify` when all is there and only has to be checked. */
      readonly task: string;
      /** What it is called: the image's file name. */
      readonly subject: string;
      /** Bytes so far, and in all where known. */
      readonly done: number;
      readonly total: number | undefined;
    }
  /** A plugin that the VMFile requires; comes before `run.started`. */
  | { readonly type: 'plugin.installing'; readonly name: string; readonly version: string }
  | {
      readonly type: 'plugin.installed';
      readonly name: string;
      readonly version: string;
      /** Subresource integrity of its tarball. */
      readonly integrity: string;
      readonly durationMs: number;
    }
  /** A linked plugin is used in place of the one that the VMFile requires. */
  | {
      readonly type: 'plugin.linked';
      readonly name: string;
      readonly version: string;
      /** The folder that is linked. */
      readonly path: string;
      /** What the VMFile requires. */
      readonly range: string;
    }
  | {
      readonly type: 'lockfile.written';
      readonly path: string;
      /** The packages that it pins. */
      readonly plugins: readonly string[];
    }
  | {
      readonly type: 'warning';
      readonly vm: string | undefined;
      readonly code: string;
      readonly message: string;
      readonly hint?: string | undefined;
    }
  | { readonly type: 'check.started'; readonly vm: string; readonly check: string }
  | {
      readonly type: 'check.passed';
      readonly vm: string;
      readonly check: string;
      readonly durationMs: number;
    }
  | {
      readonly type: 'step.started';
      readonly vm: string;
      readonly step: StepReference;
    }
  | {
      readonly type: 'step.output';
      readonly vm: string;
      readonly step: StepReference;
      readonly stream: 'stdout' | 'stderr';
      /** Whole or partial lines, redacted, valid UTF-8. */
      readonly text: string;
    }
  | {
      readonly type: 'step.finished';
      readonly vm: string;
      readonly step: StepReference;
      readonly durationMs: number;
    }
  | {
      readonly type: 'step.skipped';
      readonly vm: string;
      readonly step: StepReference;
      readonly reason: string;
    }
  | {
      readonly type: 'step.failed';
      readonly vm: string;
      readonly step: StepReference;
      readonly error: ErrorReport;
      readonly durationMs: number;
    }
  | {
      readonly type: 'vm.finished';
      readonly vm: string;
      readonly outcome: VmOutcome;
      readonly durationMs: number;
      /** The stage that failed, where one did. */
      readonly stage?: Stage | undefined;
      readonly error?: ErrorReport | undefined;
    };

/** One provisioning step within its VM; `index` counts from 1. */
export interface StepReference {
  /** Of the step among those of its VM, from 1. */
  readonly index: number;
  /** How many steps the VM has. */
  readonly count: number;
  /** The step's name, unique within the VM. */
  readonly name: string;
  /** The provisioner's type. */
  readonly provisioner: string;
}

/** What became of one VM. */
export interface VmResult {
  /** The VM's name. */
  readonly vm: string;
  /** What became of it. */
  readonly outcome: VmOutcome;
  /** Whole milliseconds; 0 for a VM that was never begun. */
  readonly durationMs: number;
  /** The stage that failed, where one did. */
  readonly stage?: Stage | undefined;
  /** Why, unless all is well. */
  readonly error?: ErrorReport | undefined;
}

/** An event: a body and the time it happened, ISO 8601 with milliseconds. */
export type VmctlEvent = VmctlEventBody & { readonly time: string };

/** Where events go. Never throws, never blocks. */
export interface EventSink {
  /** Hands an event to everybody who listens, at once and in order. The time is added. */
  emit(event: VmctlEventBody): void;
  /**
   * A promise while somebody who shows events is behind, else undefined. Who emits as much as a command prints waits
   * for it, or events would pile up in memory. Never rejects.
   */
  pressure?(): Promise<void> | undefined;
}
