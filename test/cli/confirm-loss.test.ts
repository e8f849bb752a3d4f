import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { NoopProject } from '../support/noop-project.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot } from '../support/vmctl-home.js';

/** Against hanging only. */
const LIMIT = 180_000;

let project: NoopProject;
let terminal: Tmux | undefined;

beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web') + project.vm('db') + project.vm('cache'));
  expect(await project.vmctl('up', 'web', 'db')).toMatchObject({ code: 0 });
}, LIMIT);
afterEach(async () => {
  await terminal?.end();
  terminal = undefined;
});
afterAll(async () => {
  await project?.remove();
}, LIMIT);

async function open(): Promise<Tmux> {
  terminal = await Tmux.create({ cwd: project.home.project, env: { ...project.home.env, ...project.env } });
  const vmctl = `node ${join(repositoryRoot, 'packages/core/bin/run.js')} "$@"`;
  await terminal.type(`vmctl() { ${vmctl}; echo "status=$? of $*"; }; clear`);
  return terminal;
}

describe('on a terminal', () => {
  it(
    'reload and down --destroy ask before the VMs that exist lose their disks, and a no leaves them',
    async () => {
      const tmux = await open();
      await tmux.type('vmctl reload');
      await tmux.shows(/^Destroy web, db with all disks, and bring them up anew\? \[y\/N\]/m);
      await tmux.type('n');
      await tmux.shows(/Nothing was done\.[^]*status=2 of reload$/m);
      await tmux.type('vmctl reload db');
      await tmux.shows(/^Destroy db with its disk, and bring it up anew\? \[y\/N\]/m);
      await tmux.type('n');
      await tmux.shows(/status=2 of reload db$/m);
      await tmux.type('vmctl down --destroy db');
      await tmux.shows(/^Destroy db with its disk\? \[y\/N\]/m);
      await tmux.type('');
      await tmux.shows(/Nothing was done\.[^]*status=2 of down --destroy db$/m);
      expect(await project.states()).toEqual({ web: 'running', db: 'running' });
    },
    LIMIT,
  );

  it(
    'a yes, or --yes, lets them go on; of VMs that do not exist nothing is asked',
    async () => {
      const tmux = await open();
      await tmux.type('vmctl down --destroy db');
      await tmux.shows(/\[y\/N\]/);
      await tmux.type('y');
      await tmux.shows(/status=0 of down --destroy db$/m);
      await tmux.type('vmctl reload web --yes');
      await tmux.shows(/web is up[^]*status=0 of reload web --yes$/m);
      await tmux.type('vmctl down --destroy cache');
      await tmux.shows(/status=0 of down --destroy cache$/m);
      expect(await tmux.history()).not.toMatch(/web with its disk|cache with its disk/);
      expect(await project.states()).toEqual({ web: 'running' });
    },
    LIMIT,
  );
});

it(
  'without a terminal reload and down --destroy go on, for scripts',
  async () => {
    expect(await project.vmctl('reload', 'web')).toMatchObject({ code: 0 });
    expect(await project.vmctl('down', '--destroy')).toMatchObject({ code: 0 });
    expect(await project.states()).toEqual({});
  },
  LIMIT,
);

it('--yes of down stands only beside --destroy, which alone has a question', async () => {
  const { code, stderr } = await project.vmctl('down', '--yes');
  expect(code).toBe(2);
  expect(stderr).toContain('--destroy');
});
