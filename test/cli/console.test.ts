import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../packages/core/test/support/until.js';
import { writeGuestImage } from '../../packages/plugin-qemu/test/support/guest-disk.js';
import { Tmux } from '../support/tmux.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only. The guests are boot sectors, which are there in a second. */
const LIMIT = 180_000;
/** Where vmctl ends when it is sent SIGUSR2, as by a mistake in it. */
const MISTAKE = `--import=data:text/javascript,process.on('SIGUSR2',()=>{throw(Error('a_mistake'))})`;

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create({ plugins: ['plugin-qemu'] });
  await writeGuestImage(join(home.project, 'talks.img'), 'deaf');
  // These power off at the first key.
  await writeGuestImage(join(home.project, 'leaves.img'), 'leaving');
  const vm = (name: string, image: string): string =>
    `vm "${name}" { image "${image}"; backend "qemu"; memory 64; network "none" }\n`;
  await home.write(vm('web', 'talks.img') + vm('typed', 'leaves.img') + vm('piped', 'leaves.img'));
  const { code, stdout, stderr } = await home.vmctl('up');
  if (code !== 0) throw new Error(`up failed:\n${stdout}${stderr}`);
  await until('the guests to write', async () => {
    const logs = await Promise.all(['web', 'typed', 'piped'].map(consoleLog));
    return logs.every((log) => /hello from the guest[^]*\.\./.test(log));
  });
}, LIMIT);
afterAll(async () => {
  await home.remove();
}, LIMIT);

function consoleLog(vm: string): Promise<string> {
  return readFile(join(home.workDir(vm), 'console.log'), 'latin1');
}

describe('vmctl console on a terminal', () => {
  let terminal: Tmux;
  beforeEach(async () => {
    terminal = await Tmux.create({ cwd: home.project, env: { ...home.env, NODE_OPTIONS: MISTAKE } });
  });
  afterEach(async () => {
    await terminal.end();
  });

  /** Starts it and waits until it is there. */
  async function start(words: string): Promise<{ readonly pid: number }> {
    const run = `${process.execPath} ${join(repositoryRoot, 'packages/core/bin/run.js')} ${words}`;
    const show = 'echo "status $?"; stty -a > after; echo over';
    await terminal.type(`clear; stty -a > before; sh -c 'echo $$ > pid; exec ${run}'; ${show}`);
    await terminal.shows(/\.\.\.\s*$/);
    return { pid: Number(await readFile(join(home.project, 'pid'), 'utf8')) };
  }

  async function expectTerminalAsBefore(): Promise<void> {
    await terminal.shows(/^over$/m);
    const modes = (name: string): Promise<string> => readFile(join(home.project, name), 'utf8');
    expect(await modes('after')).toBe(await modes('before'));
  }

  it(
    'is left with Ctrl-], and the VM goes on',
    async () => {
      await start('console web');
      await terminal.press('C-]');
      await terminal.shows(/Left the console of web\.\nstatus 0/);
      await expectTerminalAsBefore();
      const then = await consoleLog('web');
      await until('more of the guest', async () => (await consoleLog('web')).length > then.length);
    },
    LIMIT,
  );

  it(
    'gives Ctrl-C to the guest, and ends with it',
    async () => {
      await start('console typed');
      await terminal.press('C-c');
      await terminal.shows(/The console of typed has ended: it is stopped\.\nstatus 0/);
      await expectTerminalAsBefore();
    },
    LIMIT,
  );

  it(
    'lets a second one watch what the first one sees, and leave it with Ctrl-C',
    async () => {
      const { pid } = await start('console web');
      const second = home.start(['console', 'web']);
      expect(await second.done).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          new RegExp(`process ${pid} \\(vmctl console\\)[^]*VMCTL_LOCKED[^]*vmctl console web --read-only`),
        ),
      });
      const other = await Tmux.create({ cwd: home.project, env: home.env });
      try {
        await other.type(
          `${process.execPath} ${join(repositoryRoot, 'packages/core/bin/run.js')} console web`,
        );
        await other.shows(new RegExp(`read-only: process ${pid} has the keyboard`));
        await other.shows(/leaves it\.\s+[.\s]*\.\.\./);
        await other.press('C-c');
        await other.shows(/Left the console of web/);
      } finally {
        await other.end();
      }
      await terminal.press('C-]');
      await expectTerminalAsBefore();
    },
    LIMIT,
  );

  it.each([
    ['SIGTERM', 130],
    ['SIGHUP', 130],
    ['SIGUSR2', 1],
  ] as const)(
    'puts the terminal back after %s',
    async (signal, status) => {
      const { pid } = await start('console web --replay');
      process.kill(pid, signal);
      await terminal.shows(new RegExp(`status ${status}`));
      await expectTerminalAsBefore();
    },
    LIMIT,
  );
});

describe('vmctl console in a script', () => {
  it(
    'shows every watcher the same, and ends with 130 at a signal',
    async () => {
      const watchers = [1, 2].map(() => home.start(['console', 'web', '--read-only', '--replay']));
      for (const watcher of watchers) {
        await watcher.output(/hello from the guest[^]*\.\./);
        watcher.kill('SIGTERM');
        const { code, stdout } = await watcher.done;
        expect(code).toBe(130);
        expect(
          Buffer.from(await consoleLog('web'), 'latin1')
            .toString()
            .startsWith(stdout),
        ).toBe(true);
      }
    },
    LIMIT,
  );

  it(
    'sends what is piped in, and shows what comes until the VM ends',
    async () => {
      const { code, stdout, stderr } = await home.start(['console', 'piped', '--replay'], { input: 'x' })
        .done;
      expect(code).toBe(0);
      expect(stdout).toContain('hello from the guest');
      expect(stderr).toBe('The console of piped has ended: it is stopped.\n');
    },
    LIMIT,
  );

  it('says with --json where the console is', async () => {
    expect(await home.json('console', 'web')).toEqual({
      vm: 'web',
      endpoint: { kind: 'unix-socket', path: join(home.workDir('web'), 'console.sock') },
      log: { path: join(home.workDir('web'), 'console.log'), start: 0 },
      holder: null,
    });
  });

  it('needs a VM that runs', async () => {
    await home.vmctl('stop', 'piped', '--force');
    const { code, stderr } = await home.vmctl('console', 'piped');
    expect(code).toBe(1);
    expect(stderr).toContain('piped is stopped; only a VM that runs has a console.');
    expect(stderr).toContain('vmctl start piped');
  });
});
