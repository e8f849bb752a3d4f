import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { useImageServer } from '../../packages/core/test/integration/images/image-server.js';
import { widthOf } from '../../packages/core/src/ui/text-width.js';
import { NoopProject, tinyDisk } from '../support/noop-project.js';
import { Tmux, type TmuxOptions } from '../support/tmux.js';
import { TricklingImage } from '../support/trickling-image.js';
import { repositoryRoot } from '../support/vmctl-home.js';

/** Against hanging only. */
const LIMIT = 180_000;
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;

const server = useImageServer();
let project: NoopProject;
let image: TricklingImage;
let terminal: Tmux;

beforeAll(async () => {
  project = await NoopProject.create();
}, LIMIT);
afterAll(async () => {
  await project?.remove();
}, LIMIT);

beforeEach(() => {
  const disk = new Uint8Array(24 * 1024 * 1024);
  disk.set(tinyDisk());
  image = new TricklingImage(disk);
  server.on('/noble.img', image.answer);
});
afterEach(async () => {
  image.release();
  await terminal?.end();
  expect(await project.vmctl('destroy', '--all', '--yes')).toMatchObject({ code: 0 });
}, LIMIT);

async function open(options: Pick<TmuxOptions, 'columns' | 'rows'> = {}, env = {}): Promise<void> {
  terminal = await Tmux.create({
    cwd: project.home.project,
    env: { ...project.home.env, ...project.env, ...env },
    ...options,
  });
  await terminal.type(
    `vmctl() { node ${join(repositoryRoot, 'packages/core/bin/run.js')} "$@"; }; echo re''ady`,
  );
  await terminal.shows(/^ready$/m);
}

/** A VM whose image is downloaded. */
function downloaded(name: string, body = ''): string {
  return project.vm(name, body).replace('image "disk.img"', `image-url "${server.origin}/noble.img"`);
}

/** How wide the widest row of the screen is. */
async function widestRow(): Promise<number> {
  const rows = (await terminal.screen()).split('\n');
  return Math.max(...rows.map((row) => widthOf(row.trimEnd())));
}

describe('vmctl up on a terminal', () => {
  it(
    'shows downloads, steps and failures of several VMs, and ends with which one failed, where, and its log',
    async () => {
      const hello = 'provision "shell" name="hello" { inline "echo hello" }';
      await project.home.write(
        downloaded('web', hello) +
          downloaded('cache') +
          project.vm('database', 'provision "shell" name="broken" { inline "echo no room; exit 7" }'),
      );
      await open({ columns: 80, rows: 24 });
      await terminal.type('vmctl up; echo status=$?');
      // Nothing of what is going on has scrolled away, and no row is broken.
      await terminal.shows(
        /^. web {7}image {5}noble\.img {2}━*─+ +\d+ % +[\d.]+ KiB\/s {2}(?:\d+m )?\d+s left +\d+\.\ds$/m,
      );
      await terminal.shows(/^. cache {5}image {5}noble\.img .* \d+\.\ds$/m);
      await terminal.shows(/^ {2}database │ no room$/m);
      await terminal.shows(/^✗ database failed in provision/m);
      image.release();
      await terminal.shows(/^ {2}web {6}│ hello$/m);
      await terminal.shows(
        /^1 of 3 VMs failed:\n {2}✗ database {2}provision {2}vmctl log database --provision\nstatus=1\n[$#] *$/m,
      );
      expect(await terminal.history()).not.toMatch(SPINNER);
    },
    LIMIT,
  );

  it(
    'follows the size of the terminal while it runs',
    async () => {
      await project.home.write(downloaded('web') + downloaded('cache'));
      await open({ columns: 100, rows: 30 });
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^. web {4}image {5}noble\.img {2}━*─+ .* of 24 MiB/m);
      await terminal.resize(50, 12);
      await terminal.shows(
        /^. web {4}noble\.img +\d+ % +(?:\d+m )?\d+s left +\d+\.\ds\n. cache {2}noble\.img [^\n]*s\n*$/m,
      );
      expect(await widestRow()).toBeLessThan(50);
      await terminal.resize(20, 10);
      await terminal.shows(/^. web +\d+ %\n. cache +\d+ %\n*$/m);
      await terminal.resize(100, 30);
      await terminal.shows(/^. web {4}image {5}noble\.img {2}━*─+ .* of 24 MiB[^\n]*\n. cache[^\n]*\n*$/m);
      image.release();
      await terminal.shows(/^status=0$/m);
      // What has scrolled out while the terminal was small cannot be taken back; but all is there that has to be.
      expect((await terminal.history()).match(/✓ (web|cache) is up in/g)).toHaveLength(2);
    },
    LIMIT,
  );

  it(
    'says after Ctrl-C that it stops and what is left, and leaves the terminal as it was',
    async () => {
      await project.home.write(downloaded('web') + downloaded('cache'));
      await open();
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^. cache .* KiB\/s/m);
      await terminal.press('C-c');
      await terminal.shows(/^Interrupted: stopping\. Ctrl-C again ends at once\.$/m);
      await terminal.shows(
        /^- web interrupted\n[^]*^- cache interrupted\n[^]*^status=130$|^- cache interrupted\n[^]*^- web interrupted\n[^]*^status=130$/m,
      );
      expect(await terminal.history()).not.toMatch(SPINNER);
      expect(await terminal.modes()).toEqual({ isCursorShown: true, wraps: true });
      await terminal.type('echo typed-$((40 + 2))');
      await terminal.shows(/^[$#] echo typed-\$\(\(40 \+ 2\)\)\ntyped-42$/m);
    },
    LIMIT,
  );

  it(
    'ends at once after the second Ctrl-C, however it hangs',
    async () => {
      // The guest's side of a step has some seconds to end.
      const deaf = `provision "shell" name="deaf" { inline "trap '' HUP INT TERM; echo deaf; while :; do sleep 1; done" }`;
      await project.home.write(project.vm('web', deaf));
      await open();
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^ {2}│ deaf\n. web {2}provision 1\/1 deaf +\d+\.\ds$/m);
      await terminal.press('C-c');
      // Two signals that nobody has taken yet are one.
      await terminal.shows(/^Interrupted: stopping\./m);
      await terminal.press('C-c');
      await terminal.shows(/^status=130\n[$#] *$/m);
      expect(await terminal.history()).not.toMatch(SPINNER);
      // The first one alone would have waited for the step, and told of it.
      expect(await terminal.history()).not.toContain('- web interrupted');
      expect(await terminal.modes()).toEqual({ isCursorShown: true, wraps: true });
    },
    LIMIT,
  );

  it(
    'makes room for the shell while Ctrl-Z has stopped it, and goes on with fg',
    async () => {
      await project.home.write(downloaded('web'));
      await open();
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^. web .* KiB\/s/m);
      await terminal.press('C-z');
      await terminal.shows(/^\^?Z?status=1\d\d$[^]*^[$#] *\n*$/m);
      expect(await terminal.history()).not.toMatch(SPINNER);
      await terminal.type('fg; echo then=$?');
      await terminal.shows(/^. web .* KiB\/s.*\n*$/m);
      image.release();
      await terminal.shows(/^✓ web is up in .*\nthen=0$/m);
      expect(await terminal.history()).not.toMatch(SPINNER);
    },
    LIMIT,
  );

  it(
    'leaves a terminal that can be used even when it is killed',
    async () => {
      await project.home.write(downloaded('web'));
      await open();
      await terminal.type('vmctl up & wait; echo status=$?');
      await terminal.shows(/^. web .* KiB\/s/m);
      await terminal.press('C-c');
      await terminal.type('kill -9 $!; wait; echo typed-$((40 + 2))');
      await terminal.shows(/^typed-42$/m);
      expect(await terminal.modes()).toEqual({ isCursorShown: true, wraps: true });
    },
    LIMIT,
  );

  it(
    'shows of many VMs what fits, and counts the others',
    async () => {
      const names = Array.from({ length: 30 }, (_, index) => `vm-${index}`);
      await project.home.write(names.map((name) => downloaded(name)).join(''));
      await open({ columns: 80, rows: 24 });
      await terminal.type('vmctl up --parallel 25; echo status=$?');
      await terminal.shows(/^ {2}… and 10 more: 5 waiting, 5 running\n*$/m);
      expect((await terminal.screen()).match(new RegExp(`^${SPINNER.source} vm-`, 'gm'))).toHaveLength(20);
      await terminal.press('C-c');
      await terminal.shows(/^- vm-29 interrupted before it began$/m);
      await terminal.shows(/^status=130$/m);
    },
    LIMIT,
  );

  it(
    'has colours unless NO_COLOR is set, and lets no guest move the cursor',
    async () => {
      await project.home.write('\x1b[31mred\x1b[0m \x1b[2J\x1b[H日本語\n', 'screen');
      const show = `cat ${join(project.home.project, 'screen')}`;
      await project.home.write(project.vm('web', `provision "shell" name="show" { inline "${show}" }`));
      await open();
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^ {2}│ red 日本語$[^]*^status=0$/m);
      expect(await terminal.colours()).toContain('\x1b[32m');
      await terminal.type('clear; NO_COLOR=1 vmctl provision; echo then=$?');
      await terminal.shows(/^ {2}│ red 日本語$[^]*^then=0$/m);
      expect(await terminal.colours()).not.toContain('\x1b[');
    },
    LIMIT,
  );

  it(
    'writes plain lines where lines cannot change: into a pipe, and on a dumb terminal',
    async () => {
      await project.home.write(downloaded('web', 'provision "shell" name="hello" { inline "echo hello" }'));
      image.release();
      await open({}, { TERM: 'dumb' });
      await terminal.type('vmctl up | cat -v; vmctl up; TERM=dumb vmctl down; echo status=$?');
      await terminal.shows(
        /^ {2}web {2}image[^]*hello[^]*is up and provisioned[^]*✓ web stopped[^]*^status=0$/m,
      );
      expect(await terminal.history()).not.toMatch(/\^\[/);
    },
    LIMIT,
  );
});

describe('vmctl image pull on a terminal', () => {
  it(
    'shows how far it is in any width, and Ctrl-C ends it without a trace',
    async () => {
      await open({ columns: 80, rows: 24 });
      await terminal.type(`vmctl image pull ${server.origin}/noble.img; echo status=$?`);
      await terminal.shows(/^noble\.img {2}━*─+ +\d+ % of 24 MiB +[\d.]+ KiB\/s {2}(?:\d+m )?\d+s left$/m);
      await terminal.press('C-c');
      await terminal.shows(/^status=130$/m);
      expect(await terminal.history()).not.toContain('━');
      await terminal.type(`clear; vmctl image pull ${server.origin}/noble.img; echo status=$?`);
      await terminal.resize(20, 10);
      await terminal.shows(/^noble\.img +\d+ %\n*$/m);
      await terminal.resize(80, 24);
      await terminal.shows(/^noble\.img {2}━*─+ +\d+ % of 24 MiB .* left$/m);
      image.release();
      await terminal.shows(/^Downloaded 24 MiB: noble\.img [^]*^status=0$/m);
    },
    LIMIT,
  );
});

describe('a wait without anything to show', () => {
  beforeEach(async () => {
    server.on('/some-plugin', () => undefined); // never answered
    await open({}, { VMCTL_NPM_REGISTRY: server.origin });
  });

  it(
    'is explained, after the question whether to install a plugin as well',
    async () => {
      await project.home.write(`plugins { require "some-plugin" "^1" }\n${project.vm('web')}`);
      await terminal.type('vmctl up; echo status=$?');
      await terminal.shows(/^VMFile\.kdl needs some-plugin \^1, .* Install\? \[Y\/n\] *\n*$/m);
      await terminal.type('y');
      await terminal.shows(/Install\? \[Y\/n\] y\n. asking the registry … {2}\d+\.\ds\n*$/);
      await terminal.press('C-c');
      await terminal.shows(/\[Y\/n\] y\nInterrupted: stopping\.[^]*^status=130$/m);
      expect(await terminal.history()).not.toMatch(SPINNER);
    },
    LIMIT,
  );

  it(
    'is explained while npm fetches a plugin',
    async () => {
      await terminal.type('vmctl plugins install some-plugin; echo status=$?');
      await terminal.shows(/^. fetching some-plugin@latest … {2}\d+\.\ds\n*$/m);
      await terminal.press('C-c');
      await terminal.shows(/^Interrupted: stopping\.[^]*^status=130$/m);
      expect(await terminal.history()).not.toMatch(SPINNER);
    },
    LIMIT,
  );
});
