import { describe, expect, it } from '@jest/globals';
import type { VmOutcome } from '../../../src/events/events.js';
import type { VmStateName } from '../../../src/hypervisor/contract.js';
import { StateWatch } from '../../../src/operations/state-watch.js';

const TIME = '2026-03-04T15:06:07.089Z';

/** A watch of one VM. */
class OneVm {
  readonly #watch = new StateWatch();

  look(state: VmStateName, isBusy = false): string[] {
    const look = { vms: [{ name: 'web', state, detail: undefined, isBusy }] };
    return this.#watch.compare(look, TIME).map(({ from, to }) => `${from ?? 'none'} -> ${to}`);
  }

  /** Looks that find no VM. */
  lookAtNothing(): void {
    this.#watch.compare({ vms: [] }, TIME);
  }

  note(outcome: VmOutcome, operation = 'some command'): void {
    this.#watch.note({
      ...{ type: 'vm.finished', time: TIME, vm: 'web', outcome, durationMs: 1 },
      source: { pid: 1, operation },
    });
  }

  get names(): readonly string[] {
    return this.#watch.names;
  }
}

describe('a change of state', () => {
  it('that no command made is told in the second look that shows it, and once', () => {
    const vm = new OneVm();
    expect(vm.look('running')).toEqual([]);
    expect(vm.look('stopped')).toEqual([]);
    expect(vm.look('stopped')).toEqual(['running -> stopped']);
    expect(vm.look('stopped')).toEqual([]);
  });

  it('that the journal explains a moment later is not told', () => {
    const vm = new OneVm();
    vm.look('running');
    expect(vm.look('stopped')).toEqual([]);
    vm.note('stopped');
    expect(vm.look('stopped')).toEqual([]);
    expect(vm.look('stopped')).toEqual([]);
  });

  it('is not told while a command works on the VM', () => {
    const vm = new OneVm();
    vm.look('running');
    for (let times = 0; times < 5; times++) expect(vm.look('stopped', true)).toEqual([]);
    vm.note('restarted');
    expect(vm.look('running')).toEqual([]);
  });

  it('right after a command is told all the same', () => {
    const vm = new OneVm();
    vm.look('stopped');
    vm.note('started');
    // It has died before anybody looked.
    expect(vm.look('stopped')).toEqual([]);
    expect(vm.look('stopped')).toEqual(['running -> stopped']);
  });

  it('that was over at the next look is not told', () => {
    const vm = new OneVm();
    vm.look('running');
    expect(vm.look('suspended')).toEqual([]);
    expect(vm.look('running')).toEqual([]);
    expect(vm.look('suspended')).toEqual([]);
    expect(vm.look('running')).toEqual([]);
  });

  it('is told although somebody waited for it', () => {
    const vm = new OneVm();
    vm.look('running');
    vm.look('stopped');
    vm.note('already-stopped', 'stop');
    vm.note('running', 'wait');
    expect(vm.look('stopped')).toEqual(['running -> stopped']);
  });

  it('is unknown after a command that failed: what is found then is how it is', () => {
    const vm = new OneVm();
    vm.look('running');
    vm.note('failed');
    expect(vm.look('stopped')).toEqual([]);
    expect(vm.look('stopped')).toEqual([]);
    vm.look('running');
    expect(vm.look('running')).toEqual(['stopped -> running']);
  });

  it('is none when a VM that never ran is stopped', () => {
    const vm = new OneVm();
    vm.look('prepared');
    vm.note('stopped');
    expect(vm.look('prepared')).toEqual([]);
    expect(vm.look('prepared')).toEqual([]);
  });

  it('is told of a VM that another tool made', () => {
    const vm = new OneVm();
    vm.lookAtNothing();
    expect(vm.look('running')).toEqual([]);
    expect(vm.look('running')).toEqual(['none -> running']);
  });

  it('is told of a VM that another tool removed, which is not looked for any more', () => {
    const vm = new OneVm();
    vm.look('running');
    expect(vm.names).toEqual(['web']);
    vm.look('destroyed');
    expect(vm.look('destroyed')).toEqual(['running -> destroyed']);
    expect(vm.names).toEqual([]);
  });
});
