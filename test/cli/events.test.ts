import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyDisk } from '../support/noop-project.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
  await home.write(
    'vm "web" { image "disk.img"; backend "noop" }\nvm "db" { image "disk.img"; backend "noop" }\n',
  );
}, LIMIT);
afterAll(async () => {
  await home.remove();
}, LIMIT);

const journal = (): string => join(home.dataDir, 'events.jsonl');
const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('vmctl events', () => {
  it(
    'shows what another vmctl does, and ends with 0 at Ctrl-C',
    async () => {
      const watching = home.start(['events', '--since', '1m']);
      const machine = home.start(['events', '--since', '1m', '--json']);
      expect(await home.vmctl('up')).toMatchObject({ code: 0 });
      for (const each of [watching, machine]) {
        await each.output(/run\.finished|vmctl up ended/);
        each.kill('SIGINT');
      }
      const shown = await watching.done;
      expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' });
      expect(shown.stdout).toMatch(
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}- {2}vmctl up began: web, db \(process \d+\)\n/,
      );
      expect(shown.stdout).toMatch(/ {2}web {2}up, \d/);
      const { code, stdout } = await machine.done;
      expect(code).toBe(0);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(events[0]).toMatchObject({
        type: 'run.started',
        vms: ['web', 'db'],
        source: { operation: 'up' },
      });
      expect(events.at(-1)).toMatchObject({ type: 'run.finished', ok: true });
    },
    LIMIT,
  );

  it(
    'shows what happens without a command',
    async () => {
      const watching = home.start(['events', 'web', '--since', '1h']);
      await watching.output(/web {2}up, /);
      // Seen by the command in the state that it is in after `up`, before it changes.
      await home.vmctl('restart', 'web');
      await watching.output(/web {2}restarted, /);
      await writeFile(join(home.workDir('web'), 'noop-state'), 'stopped\n');
      await watching.output(/web {2}running -> stopped, without a command of vmctl/);
      watching.kill('SIGTERM');
      expect(await watching.done).toMatchObject({ code: 0, stdout: expect.not.stringContaining('db  up') });
    },
    LIMIT,
  );

  it(
    'has all of two commands at once, each line whole',
    async () => {
      await Promise.all([
        home.vmctl('restart', 'db'),
        home.vmctl('start', 'web'),
        home.vmctl('suspend', 'db'),
      ]);
      const { stdout } = await home.vmctl('events', '--no-follow', '--json');
      const lines = (await readFile(journal(), 'utf8')).split('\n').filter((line) => line !== '');
      expect(stdout.trimEnd().split('\n')).toEqual(lines);
      const ended = lines.flatMap((line) => {
        const { type, operation, source } = JSON.parse(line);
        return type === 'run.finished' ? [`${operation} ${String(source.operation === operation)}`] : [];
      });
      expect(ended).toEqual(expect.arrayContaining(['restart true', 'start true', 'suspend true']));
    },
    LIMIT,
  );

  it(
    'is not kept by commands that only look',
    async () => {
      const other = await VmctlHome.create();
      try {
        for (const words of ['list', 'status', 'events --no-follow', 'ls --help']) {
          expect(await other.vmctl(...words.split(' '))).toMatchObject({ code: 0 });
        }
        expect(await isThere(join(other.dataDir, 'events.jsonl'))).toBe(false);
      } finally {
        await other.remove();
      }
    },
    LIMIT,
  );

  it.each([
    [['--since', 'yesterday'], '"yesterday" is neither an age nor a date.'],
    [['--until', '1h'], '--until'],
    [['--no-follow', '-f'], '`--follow` and `--no-follow` do not go together.'],
  ])('refuses %j', async (words, said) => {
    const { code, stderr } = await home.vmctl('events', ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});

describe('vmctl log --follow', () => {
  it(
    'goes on over a restart, and ends with 0 and a word on stderr when the VM is destroyed',
    async () => {
      await home.write('vm "short" { image "disk.img"; backend "noop" }\n', 'short.kdl');
      await home.vmctl('up', '--file', 'short.kdl');
      const log = join(home.workDir('short'), 'console.log');
      const following = home.start(['log', 'short', '--console', '--follow']);
      await writeFile(log, 'first boot\n');
      await following.output(/first boot\n/);
      await home.vmctl('restart', 'short');
      await writeFile(log, 'second boot, longer\n');
      await home.vmctl('destroy', 'short', '--yes');
      expect(await following.done).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^first boot\n/),
        stderr: 'short was destroyed: there is nothing more to follow.\n',
      });
    },
    LIMIT,
  );
});
