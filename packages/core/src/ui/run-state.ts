import type { Stage, VmctlEvent, VmResult } from '../events/events.js';
import { TransferMeter } from './transfer-meter.js';

/** A transfer that a VM waits for. */
export interface ActiveTransfer {
  readonly task: string;
  readonly subject: string;
  /** Bytes. */
  readonly done: number;
  readonly total: number | undefined;
  readonly meter: TransferMeter;
}

/** What a VM is doing. */
export interface Activity {
  readonly vm: string;
  /** Undefined before the first stage, and in operations without stages. */
  readonly stage: Stage | undefined;
  /** When that began; milliseconds. */
  readonly since: number;
  /** In a few words; may be empty. */
  readonly detail: string;
  readonly transfer: ActiveTransfer | undefined;
}

/** How many VMs are how far. */
export interface RunCounts {
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly blocked: number;
  readonly interrupted: number;
}

/** What goes on while VMs are worked on without stages, by operation. */
const DOING: Readonly<Record<string, string>> = {
  start: 'starting',
  stop: 'waiting for the guest to power off',
  down: 'waiting for the guest to power off',
  restart: 'waiting for the guest to power off',
  suspend: 'suspending',
  resume: 'resuming',
  destroy: 'removing its disk, keys and logs',
  'down --destroy': 'removing its disk, keys and logs',
  wait: 'waiting for its state to change',
};

/** What is waited for, by the check that tells when it is there. */
const AWAITED: Readonly<Record<string, string>> = {
  'process alive': 'its process',
  'SSH port answers': 'the SSH port',
  'login works': 'the login',
  'cloud-init finished': 'cloud-init',
};

/** How far a run is, from its events. */
export class RunState {
  #operation = '';
  #total = 0;
  #nameWidth = 0;
  readonly #ended = { done: 0, failed: 0, blocked: 0, interrupted: 0 };
  readonly #active = new Map<string, Activity>();

  /** The operation, as it is called: `up`. */
  get operation(): string {
    return this.#operation;
  }

  /** The VMs that are worked on, in the order in which that began. */
  get active(): readonly Activity[] {
    return [...this.#active.values()];
  }

  /** Of the longest name; VM names are plain ASCII. */
  get nameWidth(): number {
    return this.#nameWidth;
  }

  get counts(): RunCounts {
    const running = this.#active.size;
    const ended = Object.values(this.#ended).reduce((sum, count) => sum + count, 0);
    return { waiting: Math.max(0, this.#total - running - ended), running, ...this.#ended };
  }

  /** @param now - milliseconds, from anywhere */
  apply(event: VmctlEvent, now: number): void {
    switch (event.type) {
      case 'run.started':
        this.#operation = event.operation;
        this.#total = event.vms.length;
        this.#nameWidth = Math.max(0, ...event.vms.map((vm) => vm.length));
        break;
      case 'vm.started': {
        const detail = DOING[this.#operation] ?? '';
        this.#begin({ vm: event.vm, stage: undefined, since: now, detail });
        break;
      }
      case 'stage.started':
        this.#begin({ vm: event.vm, stage: event.stage, since: now, detail: '' });
        break;
      case 'stage.finished':
        this.#note(event.vm, 'finishing');
        break;
      case 'stage.failed':
        this.#note(event.vm, 'failed, cleaning up');
        break;
      case 'check.started':
        this.#note(event.vm, `waiting for ${AWAITED[event.check] ?? event.check}`);
        break;
      case 'progress':
        if (event.vm !== undefined) this.#transfer(event.vm, event, now);
        break;
      case 'step.started':
        this.#note(event.vm, `${event.step.index}/${event.step.count} ${event.step.name}`);
        break;
      case 'vm.finished':
        this.#end(event);
        break;
      default:
    }
  }

  #begin(activity: Omit<Activity, 'transfer'>): void {
    this.#active.set(activity.vm, { ...activity, transfer: undefined });
  }

  #end({ vm, outcome }: VmResult): void {
    this.#active.delete(vm);
    if (outcome === 'failed' || outcome === 'blocked' || outcome === 'interrupted') this.#ended[outcome]++;
    else this.#ended.done++;
  }

  #note(vm: string, detail: string): void {
    const activity = this.#active.get(vm);
    if (activity !== undefined) this.#active.set(vm, { ...activity, detail, transfer: undefined });
  }

  #transfer(vm: string, progress: Extract<VmctlEvent, { type: 'progress' }>, now: number): void {
    const activity = this.#active.get(vm);
    if (activity === undefined) return;
    const transfer = followTransfer(activity.transfer, progress, now);
    this.#active.set(vm, { ...activity, transfer });
  }
}

/** The transfer after one more report; another task or subject is another transfer. */
export function followTransfer(
  before: ActiveTransfer | undefined,
  { task, subject, done, total }: Omit<ActiveTransfer, 'meter'>,
  now: number,
): ActiveTransfer {
  const isSame = before !== undefined && before.task === task && before.subject === subject;
  const meter = isSame ? before.meter : new TransferMeter(done, now);
  meter.update(done, now);
  return { task, subject, done, total, meter };
}
