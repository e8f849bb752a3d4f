import assert from 'node:assert/strict';
import type { VmHandle } from '@vmctl/core/plugin';
import { type Outcome, outcomeOf } from '../../bounded.js';
import { assertVmctlError, isOrWraps } from '../../error-shape.js';
import { InjectedFault } from '../../host-calls.js';
import { readTree } from '../../tree.js';
import { type HypervisorCheck, type HypervisorFacts, unlessUsesHost } from '../facts.js';
import type { HypervisorLab } from '../lab.js';

/** More host calls than any operation has. */
const MOST_CALLS = 200;

const unlessFaultPoints =
  (during: 'prepare' | 'start') =>
  ({ faultPoints }: HypervisorFacts): string | undefined =>
    faultPoints[during] ? undefined : `the subject has no fault points in ${during}`;

/** Fails unless an operation that ran into a fault says so: with the fault, or with an error of vmctl. */
function expectFault<T>(outcome: Outcome<T>, fault: Error, what: string): void {
  assert.equal(outcome.kind, 'rejected', `${what}, and the call succeeds all the same`);
  if (outcome.kind === 'rejected' && !isOrWraps(outcome.error, fault)) assertVmctlError(outcome.error, what);
}

/** One try of `prepare` with a fault armed; says whether it was reached. */
async function tryPrepare(
  lab: HypervisorLab,
  what: () => string,
  fault: () => Error | undefined,
): Promise<boolean> {
  const spec = await lab.spec();
  const before = await readTree(`${lab.directory}/vms`);
  const outcome = await lab.call('prepare', outcomeOf(lab.hypervisor.prepare(spec, lab.context())));
  lab.calls.disarm();
  const thrown = fault();
  if (thrown !== undefined && outcome.kind === 'rejected') {
    expectFault(outcome, thrown, what());
    assert.deepEqual(await readTree(`${lab.directory}/vms`), before, `${what()}, and files are left behind`);
    assert.deepEqual(await lab.leftovers(), [], `${what()}, and something is left on the host`);
    return true;
  }
  if (outcome.kind === 'rejected') throw outcome.error;
  // It got over the fault, or never met it: then the VM is whole.
  await lab.expectState(outcome.value, ['prepared'], 'after prepare');
  await lab.call('destroy', lab.hypervisor.destroy(outcome.value, lab.context()));
  return thrown !== undefined;
}

/** One try of `start` with a fault armed; says whether it was reached. */
async function tryStart(
  lab: HypervisorLab,
  vm: VmHandle,
  what: () => string,
  fault: () => Error | undefined,
): Promise<boolean> {
  const prior = await lab.leftovers();
  const outcome = await lab.call('start', outcomeOf(lab.hypervisor.start(vm, lab.context())));
  lab.calls.disarm();
  const thrown = fault();
  if (outcome.kind === 'rejected') {
    if (thrown === undefined) throw outcome.error;
    expectFault(outcome, thrown, what());
    await lab.expectState(vm, ['prepared', 'stopped'], `${what()}; after that`);
    const more = (await lab.leftovers()).filter((each) => !prior.includes(each));
    assert.deepEqual(more, [], `${what()}, and something is left on the host`);
    const again = await lab.call('start', lab.hypervisor.start(vm, lab.context()));
    await lab.expectState(again, ['running'], `${what()}; after the next start`);
    await lab.call('stop', lab.hypervisor.stop(again, { timeoutMs: 0 }, lab.context()));
    return true;
  }
  await lab.expectState(outcome.value, ['running'], 'after start');
  await lab.call('stop', lab.hypervisor.stop(outcome.value, { timeoutMs: 0 }, lab.context()));
  return thrown !== undefined;
}

/** What goes wrong on a host, at every step. */
export const faultChecks: readonly HypervisorCheck[] = [
  {
    id: 'host-calls-are-used',
    title: 'VMs are made and started through the host, so that its failures can be tried',
    async run(lab) {
      lab.calls.reset();
      await lab.running();
      const { names } = lab.calls;
      if (lab.subject.usesHost ?? true) {
        assert.notDeepEqual(
          names,
          [],
          'prepare and start make no call of exec, disks, ports, sockets or files: set usesHost to false',
        );
      } else {
        assert.deepEqual(names, [], 'usesHost is false, and there are calls of the host');
      }
    },
  },
  {
    id: 'failure-of-prepare-at-each-host-call',
    title: '`prepare` leaves nothing behind, whichever of its host calls fails, and succeeds the next time',
    skip: unlessUsesHost,
    async run(lab) {
      for (let n = 1; n <= MOST_CALLS; n += 1) {
        const fault = lab.calls.failAt(n);
        const what = (): string => `${lab.calls.names[n - 1] ?? 'nothing'} (call ${n} of prepare) fails`;
        const reached = await tryPrepare(lab, what, () => fault.thrown);
        if (!reached) return;
      }
    },
  },
  {
    id: 'failure-of-start-at-each-host-call',
    title: '`start` leaves nothing that runs, whichever of its host calls fails, and succeeds the next time',
    skip: unlessUsesHost,
    async run(lab) {
      const vm = await lab.prepare();
      for (let n = 1; n <= MOST_CALLS; n += 1) {
        const fault = lab.calls.failAt(n);
        const what = (): string => `${fault.thrown?.message ?? 'nothing fails'} (call ${n} of start)`;
        const reached = await tryStart(lab, vm, what, () => fault.thrown);
        if (!reached) return;
      }
    },
  },
  ...(['prepare', 'start'] as const).map((during): HypervisorCheck => ({
    id: `failure-of-${during}-at-each-fault-point`,
    title: `\`${during}\` leaves nothing behind, whichever of the subject’s fault points fails`,
    skip: unlessFaultPoints(during),
    async run(lab) {
      const points = (lab.subject.faultPoints ?? []).filter((point) => point.during === during);
      const vm = during === 'start' ? await lab.prepare() : undefined;
      for (const point of points) {
        const error = new InjectedFault(point.name);
        const mend = point.arm(error);
        const what = (): string => `${point.name} during ${during}`;
        try {
          await (vm === undefined
            ? tryPrepare(lab, what, () => error)
            : tryStart(lab, vm, what, () => error));
        } finally {
          mend();
        }
      }
    },
  })),
];
