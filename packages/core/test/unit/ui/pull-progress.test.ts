import { describe, expect, it } from '@jest/globals';
import type { VmctlEvent, VmctlEventBody } from '../../../src/events/events.js';
import { PullProgress } from '../../../src/ui/pull-progress.js';

const at = (body: VmctlEventBody): VmctlEvent => ({ ...body, time: '2026-03-07T00:00:00.000Z' });
const progress = (subject: string, done: number, vm?: string): VmctlEvent =>
  at({ type: 'progress', vm, task: 'download', subject, done, total: 100 });

describe('the progress of downloads', () => {
  it('has one line for each, and shows nothing of VMs', () => {
    const shown: string[] = [];
    const view = new PullProgress((text) => shown.push(text));
    for (const event of [
      progress('a.img', 10),
      progress('of-a-vm.img', 50, 'web'),
      progress('b.img', 20),
      progress('a.img', 30),
      at({ type: 'run.started', operation: 'up', vms: [] }),
    ]) {
      view.handle(event);
    }
    expect(shown).toHaveLength(3);
    expect(shown[2]?.split('\n')).toEqual([
      expect.stringMatching(/^a\.img .*30 %/),
      expect.stringMatching(/^b\.img .*20 %/),
    ]);
  });
});
