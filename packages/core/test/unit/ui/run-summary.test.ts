import { describe, expect, it } from '@jest/globals';
import type { VmResult } from '../../../src/events/events.js';
import { summaryLines } from '../../../src/ui/run-summary.js';
import { plainStyle } from '../../support/plain-style.js';

const error = (message: string) => ({ code: 'VMCTL_X', message });
const failed = (vm: string, stage: VmResult['stage']): VmResult => ({
  vm,
  outcome: 'failed',
  durationMs: 1,
  stage,
  error: error(`${vm} broke.\nBadly.`),
});
const up: VmResult = { vm: 'ok', outcome: 'up', durationMs: 1 };

describe('the summary of a run', () => {
  it('names each VM that failed, the stage, and the log to read', () => {
    const blocked: VmResult = {
      vm: 'app',
      outcome: 'blocked',
      durationMs: 0,
      error: error('app was not started: web.'),
    };
    const vms = [
      up,
      failed('db', 'provision'),
      failed('web', 'ready'),
      failed('image-less', 'resolve'),
      blocked,
    ];
    expect(summaryLines({ vms }, plainStyle)).toEqual([
      '',
      '3 of 5 VMs failed, 1 not started:',
      '  ✗ db          provision  vmctl log db --provision',
      '  ✗ web         ready      vmctl log web --console',
      '  ✗ image-less  image      image-less broke.',
      '  - app         -          app was not started: web.',
    ]);
  });

  it('counts those that Ctrl-C ended, but does not list them', () => {
    const interrupted: VmResult = { vm: 'x', outcome: 'interrupted', durationMs: 0 };
    expect(summaryLines({ vms: [failed('db', 'start'), interrupted] }, plainStyle)).toEqual([
      '',
      '1 of 2 VMs failed, 1 interrupted:',
      '  ✗ db  start  vmctl log db --console',
    ]);
    expect(summaryLines({ vms: [up, interrupted] }, plainStyle)).toEqual([]);
  });

  it.each([
    ['all is well', [up, up]],
    ['there is only one VM, which has said it', [failed('db', 'start')]],
  ])('has nothing to say when %s', (_when, vms) => {
    expect(summaryLines({ vms }, plainStyle)).toEqual([]);
  });
});
