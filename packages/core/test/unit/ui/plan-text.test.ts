import { describe, expect, it } from '@jest/globals';
import type { PlannedVm, ProjectPlan } from '../../../src/operations/plan.js';
import { planText } from '../../../src/ui/plan-text.js';

const plain = (words: string): string => words;
const style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };

const vm: PlannedVm = {
  name: 'web',
  state: 'running',
  action: 'none',
  needs: null,
  stages: [],
  after: [],
  image: null,
  changes: [],
  steps: [],
  busy: null,
  problem: null,
};

function text(vms: readonly Partial<PlannedVm>[], more: Partial<ProjectPlan> = {}): string {
  const whole = vms.map((each) => ({ ...vm, ...each }));
  return planText(
    { vmfile: '/p/VMFile.kdl', changes: true, ok: true, plugins: [], vms: whole, removed: [], ...more },
    style,
  );
}

describe('the plan for people', () => {
  it('has a line for each VM, below it what differs, and at the end all of it counted', () => {
    const plan = text(
      [
        {
          name: 'db',
          state: 'absent',
          action: 'create',
          image: { label: 'noble.img', from: 'fetch' },
          steps: [
            { index: 1, name: 'tables', provisioner: 'shell', action: 'run', reason: 'run="always"' },
            { index: 2, name: 'old', provisioner: 'shell', action: 'skip', reason: 'run="never"' },
          ],
        },
        {
          name: 'web',
          state: 'stopped',
          action: 'start',
          after: ['db'],
          changes: [{ setting: 'memory', from: '1024 MiB', to: '2048 MiB', effect: 'start' }],
        },
        {
          name: 'app',
          needs: 'recreate',
          changes: [
            { setting: 'vcpus', from: '1', to: '2', effect: 'restart' },
            { setting: 'image', from: '/a.img', to: '/b.img', effect: 'recreate' },
          ],
          steps: [
            {
              index: 3,
              name: 'site',
              provisioner: 'file',
              action: 'provision',
              reason: 'changed since yesterday',
            },
          ],
        },
        {
          name: 'ports',
          action: 'update',
          changes: [{ setting: 'forward', from: null, to: '127.0.0.1:8080 -> 80', effect: 'now' }],
        },
        { name: 'quiet' },
        { name: 'half', action: 'continue', busy: { purpose: 'vmctl up', pid: 7 } },
        { name: 'asleep', state: 'suspended', action: 'resume' },
        {
          name: 'bad',
          state: 'absent',
          action: 'create',
          problem: { code: 'X', message: 'No image.', hint: 'Make it.' },
        },
      ],
      { ok: false, removed: [{ name: 'gone', state: 'stopped' }] },
    );
    expect(plan.split('\n')).toEqual([
      '  + db      create  (image noble.img would be fetched)',
      '      step 1 tables  runs: run="always"',
      '      step 2 old     skipped: run="never"',
      '  > web     start  (stopped; after db)',
      '      memory  1024 MiB -> 2048 MiB  at this start',
      '-/+ app     recreate needed, steps to run  (running)',
      '      vcpus        1 -> 2            after a restart',
      '      image        /a.img -> /b.img  in a new VM',
      '      step 3 site  not run by up, as the VM runs: changed since yesterday',
      '      provision    vmctl provision app',
      '      restart      vmctl stop app && vmctl up app',
      '      recreate     vmctl reload app  removes its disk',
      '  ~ ports   change as it runs  (running)',
      '      forward  + 127.0.0.1:8080 -> 80  at once',
      '  = quiet   no changes  (running)',
      '  > half    go on with the last up  (running; vmctl up (process 7) is working on it)',
      '  > asleep  resume  (suspended)',
      '  ! bad     create',
      '      No image.',
      '      Try: Make it.',
      '  - gone    not in the VMFile any more; left alone  (stopped)',
      '      remove  vmctl destroy gone',
      '',
      '2 to create, 1 to start, 1 to resume, 1 to go on with, 1 to change, 1 to recreate by hand, 1 with steps to run by hand, 1 not in the VMFile any more, 1 with a problem, 1 unchanged.',
    ]);
  });

  it('says in one sentence that there is nothing to do', () => {
    expect(text([{}], { changes: false })).toBe(
      '  = web  no changes  (running)\n\nNo changes: the VM is up.',
    );
    expect(text([{}, { name: 'db' }], { changes: false })).toMatch(/\n\nNo changes: both VMs are up\.$/);
    expect(text([{}, {}, {}], { changes: false })).toMatch(/\n\nNo changes: all 3 VMs are up\.$/);
    expect(text([], { changes: false })).toBe('Nothing to do: there are no VMs.');
  });

  it('names a step that was edited after its only run, and how it is run again', () => {
    const step = { index: 1, name: 'say hello', provisioner: 'shell', action: 'edited' } as const;
    const reason = 'edited since it ran on 2026-03-04 15:06:07, and run="once"';
    expect(text([{ steps: [{ ...step, reason }] }]).split('\n')).toEqual([
      '  ~ web  steps edited  (running)',
      `      step 1 say hello  not run by up: ${reason}`,
      "      provision         vmctl provision web --only 'say hello'",
      '',
      '1 with steps to run by hand.',
    ]);
  });

  it('counts what takes a restart', () => {
    const change = { setting: 'vcpus', from: '1', to: '2', effect: 'restart' } as const;
    expect(text([{ needs: 'restart', changes: [change] }])).toMatch(/\n\n1 to restart by hand\.$/);
  });

  it('begins with plugins that would be installed', () => {
    const plugins = [
      { name: '@acme/backend', range: '^1.2', version: null },
      { name: '@acme/pinned', range: '^1', version: '1.4.0' },
      { name: './plugin', range: '', version: null },
    ];
    expect(text([{}], { plugins }).split('\n')).toEqual([
      '  + plugin @acme/backend ^1.2  would be installed  (what it brings is not planned)',
      '  + plugin @acme/pinned 1.4.0  would be installed  (what it brings is not planned)',
      '  ! plugin ./plugin  is not there  (what it brings is not planned)',
      '  = web  no changes  (running)',
      '',
      '2 to install, 1 not there, 1 unchanged.',
    ]);
  });

  it('says of a VM whose backend cannot be asked only that, and why', () => {
    const problem = { code: 'X', message: 'No plugin.\nNone at all.' };
    expect(
      text([{ state: 'unknown', action: 'unknown', problem }])
        .split('\n')
        .slice(0, 3),
    ).toEqual(['  ! web  cannot be planned  (unknown)', '      No plugin.', '      None at all.']);
  });

  it('lets no name of a file move the cursor', () => {
    const change = { setting: 'image', from: '/a\u001b[2J\n', to: '/b\r', effect: 'recreate' as const };
    expect(text([{ changes: [change], needs: 'recreate' }]).split('\n')[1]).toBe(
      '      image     /a  -> /b  in a new VM',
    );
  });
});
