import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessTable } from '../../packages/core/src/host/process-table.js';
import { until } from '../../packages/core/test/support/until.js';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only. */
const LIMIT = 120_000;

let project: NoopProject;
let guestHome: string;

beforeAll(async () => {
  project = await NoopProject.create();
  guestHome = project.sshd.home(project.sshd.user);
  await project.home.write(project.vm('web'));
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
}, LIMIT);

afterAll(async () => {
  await project?.remove();
}, LIMIT);

/** Runs a command with this input. */
function withInput(input: string | Uint8Array, ...args: string[]) {
  return project.start(args, {}, { input }).done;
}

describe('vmctl exec', () => {
  it('passes each word on as it is', async () => {
    const words = ['two words', "it's", '$HOME', '*', '', '--json', '-x', 'line\nend', 'ü'];
    const { code, stdout } = await project.vmctl('exec', 'web', '--', 'printf', '<%s>', ...words);
    expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
    expect(code).toBe(0);
  });

  it('keeps stdout and stderr apart', async () => {
    const result = await project.vmctl('exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2');
    expect(result).toMatchObject({ code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  it.each([
    ['exit 7', 7],
    ['kill -9 $$', 137],
    ['exit 255', 255],
  ])('ends as the command does: %s', async (script, status) => {
    expect(await project.vmctl('exec', 'web', '--', 'sh', '-c', script)).toMatchObject({ code: status });
  });

  it('passes on what it reads, byte for byte, and its end', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
    const { code } = await withInput(bytes, 'exec', 'web', '--', 'sh', '-c', 'cat >"$HOME/bytes"');
    expect(code).toBe(0);
    expect(bytes.equals(await readFile(join(guestHome, 'bytes')))).toBe(true);
  });

  it('says how a suspended VM goes on', async () => {
    expect(await project.vmctl('suspend', 'web')).toMatchObject({ code: 0 });
    const { code, stderr } = await project.vmctl('exec', 'web', '--', 'true');
    expect(code).toBe(255);
    expect(stderr).toContain('Try: Let it go on: vmctl resume web');
    expect(await project.vmctl('resume', 'web')).toMatchObject({ code: 0 });
  });

  it('does not read with --no-stdin', async () => {
    const result = await withInput('text', 'exec', 'web', '--no-stdin', '--', 'cat');
    expect(result).toMatchObject({ code: 0, stdout: '' });
  });

  it('ends with the command although its own input stays open', async () => {
    const command = project.start(['exec', 'web', '--', 'echo', 'done'], {}, { input: null });
    expect(await command.done).toMatchObject({ code: 0, stdout: 'done\n' });
  });

  it('takes a command without -- and leaves its flags to it', async () => {
    const { stdout, code } = await project.vmctl('exec', 'web', 'printf', '<%s>', '--json', '--help');
    expect(stdout).toBe('<--json><--help>');
    expect(code).toBe(0);
  });

  it('takes the only VM of the VMFile when none is named', async () => {
    expect(await project.vmctl('exec', '--', 'echo', 'hello')).toMatchObject({ code: 0, stdout: 'hello\n' });
  });

  it.each(['exec', 'ssh'])(
    'with a name left out, and a flag after the program, %s shows how it is written',
    async (verb) => {
      const { code, stderr } = await project.vmctl(verb, 'uname', '-r');
      expect(code).toBe(255);
      expect(stderr).toContain(`vmctl ${verb} web uname -r\n`);
    },
  );

  it.each(['exec', 'ssh'])('with a name left out, %s shows how the program is run', async (verb) => {
    const { code, stderr } = await project.vmctl(verb, 'uname');
    expect(code).toBe(255);
    expect(stderr).toContain(`To run \`uname\` in web: vmctl ${verb} web -- uname\n`);
  });

  it('sets variables and starts where it is told', async () => {
    await mkdir(join(guestHome, 'some dir'), { recursive: true });
    const { stdout } = await project.vmctl(
      ...['exec', 'web', '-e', 'A=x y', '--env', 'B=1=2', '--workdir', '~/some dir', '--'],
      ...['sh', '-c', 'echo "$A|$B|${PWD##*/}"'],
    );
    expect(stdout).toBe('x y|1=2|some dir\n');
  });

  it('prints one document with --json, and still ends as the command does', async () => {
    const { code, stdout } = await project.vmctl(
      ...['exec', 'web', '--json', '--', 'sh', '-c', 'echo out; exit 3'],
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({ vm: 'web', exitCode: 3, signal: null, stdout: 'out\n', stderr: '' });
  });

  it('tells its own failures by the status 255', async () => {
    const none = await project.vmctl('exec', 'web');
    expect(none).toMatchObject({ code: 255, stdout: '' });
    expect(none.stderr).toContain('vmctl exec web -- uname -a');
    const unknown = await project.vmctl('exec', 'wbe', '--', 'true');
    expect(unknown.code).toBe(255);
    expect(unknown.stderr).toContain('Did you mean "web"?');
    const variable = await project.vmctl('exec', 'web', '--env', 'COLOUR', '--', 'true');
    expect(variable.stderr).toContain('--env COLOUR=blue');
  });

  it(
    'ends the command in the guest on Ctrl-C',
    async () => {
      const script = 'echo $$ >"$HOME/pid"; echo started; exec sleep 1000';
      const command = project.start(['exec', 'web', '--', 'sh', '-c', script]);
      await command.output(/started/);
      const pid = Number(await readFile(join(guestHome, 'pid'), 'utf8'));
      command.kill('SIGINT');
      expect(await command.done).toMatchObject({ code: 130 });
      expect(await isAlive(pid)).toBe(false);
    },
    LIMIT,
  );

  it(
    'ends the command in the guest when nobody reads its output any more',
    async () => {
      const script = 'echo $$ >"$HOME/pid"; while :; do echo y; done';
      const command = project.home.start(['exec', 'web', '--', 'sh', '-c', script], {
        env: project.env,
        closeOutput: true,
      });
      expect(await command.done).toMatchObject({ code: 0, stderr: '' });
      const pid = Number(await readFile(join(guestHome, 'pid'), 'utf8'));
      await until('the end of the command', async () => !(await isAlive(pid)));
    },
    LIMIT,
  );
});

describe('vmctl ssh', () => {
  it('takes a command without -- and leaves its flags to it', async () => {
    const { stdout, code } = await project.vmctl('ssh', 'web', 'printf', '%s,', '--json', '-la', '--help');
    expect(stdout).toBe('--json,-la,--help,');
    expect(code).toBe(0);
  });

  it('takes its own flags before the command, also behind the name', async () => {
    const { args } = (await project.home
      .start(['ssh', 'web', '--user', 'root', '--json', 'ls', '-l'], {
        env: project.env,
      })
      .done.then(({ stdout }) => JSON.parse(stdout))) as { args: string[] };
    expect(args.slice(args.indexOf('-l'))).toEqual(['-l', 'root', '127.0.0.1', '--', 'ls', '-l']);
  });

  it.each([
    [['-t'], '-t'],
    [['--no-tty'], '-T'],
  ])('with %j gives the command a terminal, or none', async (flags, option) => {
    const { stdout } = await project.vmctl('ssh', ...flags, 'web', '--json', 'htop');
    const { args } = JSON.parse(stdout) as { args: string[] };
    expect(args[0]).toBe(option);
    expect(args.slice(-2)).toEqual(['--', 'htop']);
  });

  it('passes on the exit status', async () => {
    expect(await project.vmctl('ssh', 'web', 'exit', '9')).toMatchObject({ code: 9 });
  });
});

/** Not so of one that has ended and is a zombie until its parent takes notice. */
async function isAlive(pid: number): Promise<boolean> {
  return (await createProcessTable().identify(pid)) !== undefined;
}
