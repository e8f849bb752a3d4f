import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { createProcessTable } from '../../packages/core/src/host/process-table.js';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;
const processes = createProcessTable();

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
}, LIMIT);
beforeEach(async () => {
  await project.home.write(
    project.vm('web', `provision "shell" name="mark" { inline "echo marked >> ${project.home.root}/mark" }`),
  );
}, LIMIT);
afterEach(async () => {
  expect(await project.vmctl('destroy', '--all', '--yes')).toMatchObject({ code: 0 });
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

const moments = [
  ['before', 'resolve', {}],
  ['before', 'prepare', {}],
  ['after', 'prepare', { web: 'prepared' }],
  ['before', 'start', { web: 'prepared' }],
  ['after', 'start', { web: 'running' }],
  ['before', 'ready', { web: 'running' }],
  ['after', 'ready', { web: 'running' }],
  ['before', 'provision', { web: 'running' }],
  ['after', 'provision', { web: 'running' }],
] as const;

describe('kill -9 of `vmctl up`', () => {
  it.each(moments)(
    '%s the stage %s leaves what the next `up` completes',
    async (when, stage, states) => {
      const running = project.start(['up'], { VMCTL_PAUSE_TEST: `${when} ${stage}` });
      await running.output(/^paused/m);
      running.kill('SIGKILL');
      await running.done;
      expect(await project.states()).toEqual(states);

      const again = await project.vmctl('up');
      expect(again).toMatchObject({ code: 0 });
      expect(again.stdout).toMatch(/✓ web is up and provisioned/);
      expect(await project.states()).toEqual({ web: 'running' });
      expect((await project.vmctl('up')).stdout).toMatch(/web is running already/);
    },
    LIMIT,
  );

  it(
    'leaves what `destroy` removes, whatever the stage',
    async () => {
      const running = project.start(['up'], { VMCTL_PAUSE_TEST: 'before prepare' });
      await running.output(/^paused/m);
      running.kill('SIGKILL');
      await running.done;
      expect(await project.home.vmctl('down', '--destroy')).toMatchObject({ code: 0 });
      expect(await readdir(`${project.home.dataDir}/vms`)).toEqual([]);
    },
    LIMIT,
  );
});

describe('Ctrl-C during `vmctl up`', () => {
  it.each(moments)(
    '%s the stage %s says what was kept, and the next `up` goes on',
    async (when, stage, states) => {
      const running = project.start(['up'], { VMCTL_PAUSE_TEST: `${when} ${stage}` });
      await running.output(/^paused/m);
      running.kill('SIGINT');
      const { code, stdout } = await running.done;
      expect(code).toBe(130);
      expect(stdout).toMatch(/- web interrupted/);
      expect(stdout).toMatch(
        'web' in states
          ? states.web === 'running'
            ? /web keeps running/
            : /the disk of web was kept, it is prepared/
          : /nothing of web was kept/,
      );
      expect(await project.states()).toEqual(states);
      expect(await project.vmctl('up')).toMatchObject({ code: 0 });
    },
    LIMIT,
  );

  it(
    'ends a step that hangs, in the guest as well',
    async () => {
      const pidFile = `${project.home.root}/pid`;
      await project.home.write(
        project.vm('web', `provision "shell" name="hang" { inline "echo $$ > ${pidFile}; sleep 1000" }`),
      );
      const running = project.start(['up']);
      await running.output(/provision 1\/1 hang/);
      let pid = '';
      while (pid === '') {
        await new Promise((resolve) => setTimeout(resolve, 50));
        pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
      }
      const step = await processes.identify(Number(pid));
      if (step === undefined) throw new Error('the step does not run');
      running.kill('SIGINT');
      expect(await running.done).toMatchObject({ code: 130 });
      expect(await processes.isAlive(step)).toBe(false);
    },
    LIMIT,
  );

  it(
    'ends at once the second time',
    async () => {
      const running = project.start(['up'], { VMCTL_PAUSE_TEST: 'before ready' });
      await running.output(/^paused/m);
      running.kill('SIGINT');
      // Two signals that nobody has taken yet are one.
      await running.output(/Interrupted: stopping\./);
      running.kill('SIGINT');
      expect(await running.done).toMatchObject({ code: 130 });
    },
    LIMIT,
  );
});

describe('vmctl up --no-provision', () => {
  it(
    'leaves the steps to the next `up`',
    async () => {
      expect(await project.vmctl('up', '--no-provision')).toMatchObject({ code: 0 });
      const next = await project.vmctl('up');
      expect(next.stdout).toMatch(/✓ web is up and provisioned/);
      expect((await project.vmctl('up')).stdout).toMatch(/web is running already/);
    },
    LIMIT,
  );
});

describe('two `vmctl up` at once', () => {
  it(
    'do not work on the same VM: the second one waits and then finds it running',
    async () => {
      const first = project.start(['up'], { VMCTL_PAUSE_TEST: 'before ready' });
      await first.output(/^paused/m);
      const second = project.start(['up']);
      await second.output(/Waiting: vmctl up \(process \d+\) is working on web/);
      expect(await project.vmctl('up', '--no-wait')).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('VMCTL_LOCKED'),
      });
      first.kill('SIGKILL');
      const done = await second.done;
      expect(done).toMatchObject({ code: 0 });
      expect(done.stdout).toMatch(/✓ web is up and provisioned/);
    },
    LIMIT,
  );
});
