import assert from 'node:assert/strict';
import type { VmHandle } from '@vmctl/core/plugin';
import { type Outcome, outcomeOf } from '../../bounded.js';
import { showError } from '../../error-shape.js';
import { readTree } from '../../tree.js';
import { type HypervisorCheck, unlessUsesHost } from '../facts.js';
import type { HypervisorLab } from '../lab.js';

/** More moments than any operation has. */
const MOST_CALLS = 200;
/** Longer than that, in milliseconds, no abort is put off. */
const LATEST_MS = 20_000;
/** A stop that waits for a guest would wait so long, in milliseconds. */
const PATIENCE_MS = 600_000;

/** Why the kit aborts. */
function newReason(): Error {
  return Object.assign(new Error('the conformance kit aborts'), { name: 'AbortError' });
}

/** Fails when an aborted call rejects with anything but the reason of the abort. */
function expectReason(outcome: Outcome<unknown>, reason: Error, what: string): void {
  if (outcome.kind === 'resolved') return;
  assert.ok(
    outcome.error === reason,
    `${what} must reject with the reason of the abort, and rejects with ${showError(outcome.error)}`,
  );
}

/**
 * Tries an operation again and again, aborted a little later each time: at once, after 1 ms, 2 ms, 4 ms … until it ends
 * before the abort comes. `attempt` looks at what an aborted try left.
 */
async function atEveryMoment(attempt: (delayMs: number) => Promise<'done' | 'aborted'>): Promise<void> {
  for (let delayMs = 0; delayMs <= LATEST_MS; delayMs = Math.max(1, delayMs * 2)) {
    if ((await attempt(delayMs)) === 'done') return;
  }
}

/** The outcome of an operation that is aborted after a while; the timer ends with it. */
async function abortedAfter<T>(
  delayMs: number,
  controller: AbortController,
  reason: Error,
  operation: () => Promise<T>,
): Promise<Outcome<T>> {
  const running = outcomeOf(operation());
  const timer = setTimeout(() => controller.abort(reason), delayMs);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}

/** Fails when an aborted or failed `prepare` left something. */
async function expectNothingPrepared(
  lab: HypervisorLab,
  before: Awaited<ReturnType<typeof readTree>>,
  what: string,
): Promise<void> {
  assert.deepEqual(await readTree(`${lab.directory}/vms`), before, `${what} has left something behind`);
  assert.deepEqual(await lab.leftovers(), [], `${what} has left something on the host`);
}

/** Fails when an aborted or failed `start` left something that runs. */
async function expectNotStarted(lab: HypervisorLab, vm: VmHandle, prior: readonly string[], what: string) {
  await lab.expectState(vm, ['prepared', 'stopped'], `after ${what}`);
  const more = (await lab.leftovers()).filter((each) => !prior.includes(each));
  assert.deepEqual(more, [], `${what} has left something on the host`);
}

/** What Ctrl-C does, at whatever moment. */
export const abortChecks: readonly HypervisorCheck[] = [
  {
    id: 'aborted-before-prepare',
    title: '`prepare` rejects with the reason when it was aborted before it began, and makes nothing',
    async run(lab) {
      const spec = await lab.spec();
      const before = await readTree(`${lab.directory}/vms`);
      const reason = newReason();
      const context = lab.context(AbortSignal.abort(reason));
      const outcome = await lab.call('prepare', outcomeOf(lab.hypervisor.prepare(spec, context)));
      assert.equal(outcome.kind, 'rejected', 'prepare goes on although it was aborted before it began');
      expectReason(outcome, reason, 'prepare');
      await expectNothingPrepared(lab, before, 'an aborted prepare');
    },
  },
  {
    id: 'aborted-before-other-calls',
    title: 'calls that change a VM reject with the reason when they were aborted before, and change nothing',
    async run(lab) {
      const { hypervisor } = lab;
      const reason = newReason();
      const context = lab.context(AbortSignal.abort(reason));
      const expectRefused = async (verb: string, call: () => Promise<unknown>): Promise<void> => {
        const outcome = await lab.call(verb, outcomeOf(call()));
        assert.equal(outcome.kind, 'rejected', `${verb} goes on although it was aborted before it began`);
        expectReason(outcome, reason, verb);
      };
      const prepared = await lab.prepare();
      await expectRefused('start', () => hypervisor.start(prepared, context));
      await lab.expectState(prepared, ['prepared'], 'after an aborted start');
      const running = await lab.call('start', hypervisor.start(prepared, lab.context()));
      await expectRefused('stop', () => hypervisor.stop(running, { timeoutMs: 0 }, context));
      if (hypervisor.supports.suspend) {
        await expectRefused('suspend', () => hypervisor.suspend(running, context));
        await lab.expectState(running, ['running'], 'after an aborted suspend');
        await lab.call('suspend', hypervisor.suspend(running, lab.context()));
        await expectRefused('resume', () => hypervisor.resume(running, context));
        await lab.expectState(running, ['suspended'], 'after an aborted resume');
        await lab.call('resume', hypervisor.resume(running, lab.context()));
      }
      await expectRefused('destroy', () => hypervisor.destroy(running, context));
      await lab.expectState(running, ['running'], 'after an aborted destroy');
    },
  },
  {
    id: 'abort-of-prepare-at-any-moment',
    title: '`prepare` that is aborted on its way leaves nothing, or a whole VM',
    async run(lab) {
      const spec = await lab.spec();
      const before = await readTree(`${lab.directory}/vms`);
      await atEveryMoment(async (delayMs) => {
        const controller = new AbortController();
        const reason = newReason();
        const outcome = await lab.call(
          'prepare',
          abortedAfter(delayMs, controller, reason, () =>
            lab.hypervisor.prepare(spec, lab.context(controller.signal)),
          ),
        );
        expectReason(outcome, reason, 'an aborted prepare');
        if (outcome.kind === 'resolved') {
          await lab.expectState(outcome.value, ['prepared'], 'after prepare');
          await lab.call('destroy', lab.hypervisor.destroy(outcome.value, lab.context()));
        }
        await expectNothingPrepared(lab, before, `prepare, aborted after ${delayMs} ms,`);
        return controller.signal.aborted ? 'aborted' : 'done';
      });
    },
  },
  {
    id: 'abort-of-prepare-at-each-host-call',
    title: '`prepare` that is aborted at any of its host calls leaves nothing, or a whole VM',
    skip: unlessUsesHost,
    async run(lab) {
      const spec = await lab.spec();
      const before = await readTree(`${lab.directory}/vms`);
      for (let n = 1; n <= MOST_CALLS; n += 1) {
        const controller = new AbortController();
        const reason = newReason();
        const abort = lab.calls.abortAt(n, controller, reason);
        const context = lab.context(controller.signal);
        const outcome = await lab.call('prepare', outcomeOf(lab.hypervisor.prepare(spec, context)));
        const call = lab.calls.names[n - 1] ?? '';
        lab.calls.reset();
        expectReason(outcome, reason, `prepare, aborted at ${call},`);
        if (outcome.kind === 'resolved') {
          await lab.expectState(outcome.value, ['prepared'], 'after prepare');
          await lab.call('destroy', lab.hypervisor.destroy(outcome.value, lab.context()));
        }
        await expectNothingPrepared(lab, before, `prepare, aborted at ${call},`);
        if (!abort.reached) return;
      }
    },
  },
  {
    id: 'abort-of-start-at-any-moment',
    title: '`start` that is aborted on its way leaves nothing that runs, or a running VM',
    async run(lab) {
      const vm = await lab.prepare();
      const prior = await lab.leftovers();
      await atEveryMoment(async (delayMs) => {
        const controller = new AbortController();
        const reason = newReason();
        const outcome = await lab.call(
          'start',
          abortedAfter(delayMs, controller, reason, () =>
            lab.hypervisor.start(vm, lab.context(controller.signal)),
          ),
        );
        expectReason(outcome, reason, 'an aborted start');
        if (outcome.kind === 'resolved') {
          await lab.expectState(outcome.value, ['running'], 'after start');
          await lab.call('stop', lab.hypervisor.stop(outcome.value, { timeoutMs: 0 }, lab.context()));
        }
        await expectNotStarted(lab, vm, prior, `start, aborted after ${delayMs} ms,`);
        return controller.signal.aborted ? 'aborted' : 'done';
      });
      const running = await lab.call('start', lab.hypervisor.start(vm, lab.context()));
      await lab.expectState(running, ['running'], 'after the start that was not aborted');
    },
  },
  {
    id: 'abort-of-start-at-each-host-call',
    title: '`start` that is aborted at any of its host calls leaves nothing that runs, or a running VM',
    skip: unlessUsesHost,
    async run(lab) {
      const vm = await lab.prepare();
      const prior = await lab.leftovers();
      for (let n = 1; n <= MOST_CALLS; n += 1) {
        const controller = new AbortController();
        const reason = newReason();
        const abort = lab.calls.abortAt(n, controller, reason);
        const context = lab.context(controller.signal);
        const outcome = await lab.call('start', outcomeOf(lab.hypervisor.start(vm, context)));
        const call = lab.calls.names[n - 1] ?? '';
        lab.calls.reset();
        expectReason(outcome, reason, `start, aborted at ${call},`);
        if (outcome.kind === 'resolved') {
          await lab.call('stop', lab.hypervisor.stop(outcome.value, { timeoutMs: 0 }, lab.context()));
        }
        await expectNotStarted(lab, vm, prior, `start, aborted at ${call},`);
        if (!abort.reached) return;
      }
    },
  },
  {
    id: 'abort-of-stop',
    title: '`stop` that is aborted while it waits for the guest gives up at once, and can be done again',
    async run(lab) {
      const { hypervisor } = lab;
      const vm = await lab.running();
      const controller = new AbortController();
      const reason = newReason();
      const outcome = await lab.call(
        'an aborted stop',
        abortedAfter(20, controller, reason, () =>
          hypervisor.stop(vm, { timeoutMs: PATIENCE_MS }, lab.context(controller.signal)),
        ),
      );
      expectReason(outcome, reason, 'an aborted stop');
      if (outcome.kind === 'rejected') {
        await lab.expectState(vm, ['running', 'stopped'], 'after an aborted stop');
      }
      const stopped = await lab.call('stop', hypervisor.stop(vm, { timeoutMs: 0 }, lab.context()));
      await lab.expectState(stopped, ['stopped'], 'after the second stop');
    },
  },
];
