import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { NoopProject } from '../support/noop-project.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot } from '../support/vmctl-home.js';

/** Against hanging only. */
const LIMIT = 120_000;

let project: NoopProject;
let terminal: Tmux;

beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web'));
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
}, LIMIT);

afterAll(async () => {
  await project?.remove();
}, LIMIT);

beforeEach(async () => {
  terminal = await Tmux.create({ cwd: project.home.project, env: { ...project.home.env, ...project.env } });
  await terminal.type(`vmctl() { node ${join(repositoryRoot, 'packages/core/bin/run.js')} "$@"; }`);
}, LIMIT);

afterEach(async () => {
  await terminal.end();
}, LIMIT);

describe('on a terminal', () => {
  it(
    'vmctl ssh gives a shell that has it, Ctrl-C and all, and passes on how the shell ended',
    async () => {
      // Typed while it ends, a second line could go to either shell.
      await terminal.type('vmctl ssh web; echo status=$?');
      await terminal.type('tty >/dev/null && echo has-a-$((0))-terminal; stty size');
      await terminal.shows(/has-a-0-terminal\n40 100$/m);
      await terminal.type('echo sleeping-$((0)); sleep 1000');
      await terminal.shows(/sleeping-0$/m);
      await terminal.press('C-c');
      await terminal.type('echo awake-$((0))');
      await terminal.shows(/awake-0$/m);
      await terminal.type('exit 3');
      await terminal.shows(/status=3$/m);
    },
    LIMIT,
  );

  it(
    'vmctl exec does not wait for input, and Ctrl-C ends the command',
    async () => {
      await terminal.type('vmctl exec web cat; echo status=$?');
      await terminal.shows(/status=0$/m);
      await terminal.type(`vmctl exec web -- sh -c 'echo sleeping-$((0)); exec sleep 1000'; echo then=$?`);
      await terminal.shows(/sleeping-0$/m);
      await terminal.press('C-c');
      await terminal.shows(/then=130$/m);
    },
    LIMIT,
  );

  it(
    'vmctl cp shows how far it is, and after Ctrl-C that it can go on',
    async () => {
      const file = await open(join(project.home.project, 'big'), 'w');
      // More than is copied before somebody has seen it; it takes no room here, and only what is copied there.
      await file.truncate(8 * 1024 ** 3);
      await file.close();
      await terminal.type('vmctl cp big web:~/; echo status=$?');
      await terminal.shows(/^big {2}━*─+ +\d+ % of 8 GiB/m);
      await terminal.press('C-c');
      await terminal.shows(/the same command goes on[^]*status=130$/m);
    },
    LIMIT,
  );
});
