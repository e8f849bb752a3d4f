import { inspect } from 'node:util';
import { reportError } from '../errors/error-report.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { EventSink, StepReference } from '../events/events.js';
import type { GuestSession, SshAccess } from '../guest/contract.js';
import { elapsedSince } from '../host/elapsed.js';
import type { Logger } from '../host/logger.js';
import type { ProvisionDefinition } from '../vmfile/model.js';
import { ProgressThrottle } from '../images/progress-throttle.js';
import type { ProvisionContext, ProvisionedVm, Provisioner, StepProgress } from './contract.js';
import { type StepEnd, stepFooter, stepHeader } from './log-lines.js';
import type { ProvisionLog } from './provision-log.js';
import { redactError } from './redact-error.js';
import type { Redactor } from './redactor.js';
import { settle } from './settle.js';
import { commandFacts, stepFailed } from './step-failure.js';
import { StepOutput } from './step-output.js';

export interface StepRunOptions {
  readonly vm: ProvisionedVm;
  readonly step: StepReference;
  readonly definition: ProvisionDefinition;
  readonly provisioner: Provisioner;
  readonly guest: GuestSession;
  readonly ssh?: SshAccess | undefined;
  readonly baseDir: string;
  readonly provisionLog: ProvisionLog;
  readonly redactor: Redactor;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly abortGraceMs?: number | undefined;
  readonly upRunsAgain?: boolean | undefined;
}

/** One run of one step: its events, its part of the log, its error. */
export class StepRun {
  readonly #options: StepRunOptions;
  readonly #output: StepOutput;
  #started = performance.now();
  #transfer: { readonly subject: string; readonly progress: ProgressThrottle } | undefined;

  constructor(options: StepRunOptions) {
    const { vm, step, redactor, events, provisionLog } = options;
    this.#options = options;
    this.#output = new StepOutput({
      vm: vm.name,
      step,
      redactor,
      events,
      write: (text) => provisionLog.write(text),
    });
  }

  /** Does what has to be done before the step can run; a failure is one of the step. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      this.#start();
      throw this.#failed(thrown);
    }
  }

  /** Runs the step to its end. */
  async run(): Promise<void> {
    const { definition, provisioner, signal, abortGraceMs, vm, step, events } = this.#options;
    this.#start();
    try {
      const outcome = await settle(() => provisioner.run(definition.config, this.#context()), {
        type: definition.type,
        signal,
        abortGraceMs,
      });
      this.#end({ kind: 'done', exitCode: outcome?.exitCode });
    } catch (thrown) {
      throw this.#failed(thrown);
    }
    events.emit({ type: 'step.finished', vm: vm.name, step, durationMs: this.#elapsed() });
  }

  #start(): void {
    const { vm, step, events, provisionLog } = this.#options;
    this.#started = performance.now();
    events.emit({ type: 'step.started', vm: vm.name, step });
    void provisionLog.write(stepHeader(step, new Date()));
  }

  #end(end: StepEnd): void {
    const { step, provisionLog } = this.#options;
    this.#transfer?.progress.finish();
    this.#output.close();
    void provisionLog.write(stepFooter(step, end, this.#elapsed(), new Date()));
  }

  /** Ends the step, and gives the error to go on with. */
  #failed(thrown: unknown): unknown {
    const { vm, step, events, signal } = this.#options;
    this.#output.close();
    const error = signal.aborted ? thrown : this.#failure(thrown);
    events.emit({
      type: 'step.failed',
      vm: vm.name,
      step,
      error: reportError(error),
      durationMs: this.#elapsed(),
    });
    if (signal.aborted) this.#end({ kind: 'interrupted' });
    return error;
  }

  #failure(thrown: unknown): Error {
    const { vm, step, redactor, provisionLog, upRunsAgain = true } = this.#options;
    const cause = redactError(thrown, redactor);
    this.#end({ kind: 'failed', exitCode: commandFacts(cause).exitCode, message: cause.message });
    return redactError(
      stepFailed({
        vm: vm.name,
        step,
        thrown: cause,
        lastLines: this.#output.lastLines,
        logPath: provisionLog.usable ? provisionLog.path : undefined,
        upRunsAgain,
      }),
      redactor,
    );
  }

  #progress({ task, subject, done, total }: StepProgress): void {
    const { vm, events } = this.#options;
    if (this.#transfer?.subject !== subject) {
      this.#transfer?.progress.finish();
      const progress = new ProgressThrottle((bytes) =>
        events.emit({ type: 'progress', vm: vm.name, task, subject, ...bytes }),
      );
      this.#transfer = { subject, progress };
    }
    this.#transfer.progress.update({ done, total });
  }

  #elapsed(): number {
    return elapsedSince(this.#started);
  }

  #context(): ProvisionContext {
    const { vm, step, guest, ssh, baseDir, redactor, signal, log, definition } = this.#options;
    return {
      vm,
      step: { index: step.index, count: step.count, name: step.name },
      guest,
      ssh,
      baseDir,
      output: {
        stdout: (chunk) => this.#output.write('stdout', chunk),
        stderr: (chunk) => this.#output.write('stderr', chunk),
      },
      progress: (progress) => this.#progress(progress),
      redact: (secret) => redactor.add(secret),
      signal,
      log: redactedLogger(log.child(definition.type), redactor),
      error: (code, options) => new VmctlError(code, options),
    };
  }
}

function redactedLogger(log: Logger, redactor: Redactor): Logger {
  return {
    debug: (message, ...details) => {
      if (!redactor.active) return log.debug(message, ...details);
      const words = details.map((each) => redactor.text(typeof each === 'string' ? each : inspect(each)));
      return log.debug(redactor.text(message), ...words);
    },
    child: (name) => redactedLogger(log.child(name), redactor),
  };
}
