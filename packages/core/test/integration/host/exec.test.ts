import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EXIT } from '../../../src/errors/registry.js';
import { createExec } from '../../../src/host/exec.js';
import { createProcessTable } from '../../../src/host/process-table.js';

const exec = createExec();
const node = process.execPath;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-exec-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('exec', () => {
  it('returns exit code and both streams as they are, final newline included', async () => {
    await expect(exec('sh', ['-c', 'echo out; echo err >&2'])).resolves.toEqual({
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('passes arguments as they are, since there is no shell', async () => {
    const argument = `$(id) "quoted" 'single' \`x\` ; | & * \n line`;
    const { stdout } = await exec(node, ['-p', 'process.argv[1]', argument]);
    expect(stdout).toBe(`${argument}\n`);
  });

  it('closes the standard input when there is no input', async () => {
    await expect(exec('cat', [])).resolves.toMatchObject({ stdout: '' });
  });

  it('writes the input, and does not mind a command that leaves it unread', async () => {
    await expect(exec('cat', [], { input: 'hello' })).resolves.toMatchObject({ stdout: 'hello' });
    await expect(exec('true', [], { input: 'x'.repeat(1_000_000) })).resolves.toMatchObject({ exitCode: 0 });
  });

  it('adds to the environment it was made with', async () => {
    const own = createExec({ env: { PATH: process.env['PATH'], BASE: 'base' } });
    const { stdout } = await own('sh', ['-c', 'echo $BASE $MORE $HOME'], { env: { MORE: 'more' } });
    expect(stdout).toBe('base more\n');
  });

  it('runs in the given directory', async () => {
    const { stdout } = await exec('pwd', ['-P'], { cwd: directory });
    expect(stdout.trim()).toMatch(/vmctl-exec-/);
  });

  it('keeps the last MiB of each stream, and cuts between characters', async () => {
    const script = `process.stdout.write('é'.repeat(1_500_000) + 'end'); process.stderr.write('x'.repeat(3_000_000) + 'end')`;
    const { stdout, stderr } = await exec(node, ['-e', script]);
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(1024 * 1024 - 4);
    expect(stdout).toMatch(/^é+end$/);
    expect(stderr).toHaveLength(1024 * 1024);
    expect(stderr.endsWith('end')).toBe(true);
  });

  it('hands out both streams while the command runs', async () => {
    const fifo = join(directory, 'fifo');
    await exec('mkfifo', [fifo]);
    const seen: string[] = [];
    // The command goes on only after its first words were heard.
    await exec('sh', ['-c', 'echo ready; echo oops >&2; read -r answer < "$0"; echo "got $answer"', fifo], {
      onStdout: async (chunk) => {
        seen.push(`out ${Buffer.from(chunk).toString()}`);
        if (seen.at(-1) === 'out ready\n') await writeFile(fifo, 'it\n');
      },
      onStderr: (chunk) => void seen.push(`err ${Buffer.from(chunk).toString()}`),
    });
    expect(seen.toSorted()).toEqual(['err oops\n', 'out got it\n', 'out ready\n']);
  });

  it('reads no more while a chunk is being taken, and loses nothing when the command ends before', async () => {
    let open = 0;
    let most = 0;
    let bytes = 0;
    const { stdout } = await exec('seq', ['100000'], {
      onStdout: async (chunk) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        bytes += chunk.length;
        open--;
      },
    });
    expect(most).toBe(1);
    expect(open).toBe(0);
    expect(bytes).toBe(stdout.length);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no more');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no more'))],
  ])('ends the command when the listener %s, and passes the error on', async (_, onStdout) => {
    await expect(exec('sh', ['-c', 'echo x; exec sleep 600'], { onStdout })).rejects.toThrow('no more');
  });

  it('throws the end of stderr when the command fails', async () => {
    await expect(
      exec('sh', ['-c', 'seq 1000 >&2; echo "the real reason" >&2; exit 7']),
    ).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
      message: expect.stringMatching(/^sh failed with exit code 7:\n[\s\S]*the real reason$/),
      details: { command: 'sh', exitCode: 7, signal: null },
    });
  });

  it('shows stdout when a failing command left stderr empty', async () => {
    await expect(exec('sh', ['-c', 'echo reason; exit 1'])).rejects.toMatchObject({
      message: 'sh failed with exit code 1:\nreason',
    });
    await expect(exec('false', [])).rejects.toMatchObject({
      message: 'false failed with exit code 1, and said nothing.',
    });
  });

  it('returns a non-zero exit where failure is allowed, but not a signal', async () => {
    await expect(exec('sh', ['-c', 'exit 7'], { allowFailure: true })).resolves.toMatchObject({
      exitCode: 7,
    });
    await expect(exec('sh', ['-c', 'kill -9 $$'], { allowFailure: true })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
      message: expect.stringContaining('was ended by SIGKILL'),
    });
  });

  it('ends a command that takes too long', async () => {
    await expect(exec('sleep', ['600'], { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
      message: expect.stringContaining('sleep did not end within 0.2 s'),
    });
  });

  it('lets a command take as long as it likes when there is no limit', async () => {
    await expect(exec('sleep', ['0.05'], { timeoutMs: 0 })).resolves.toMatchObject({ exitCode: 0 });
  });

  it('ends the descendants as well', async () => {
    const pidFile = join(directory, 'pid');
    const abort = new AbortController();
    const running = exec('sh', ['-c', 'sleep 600 & echo $! > "$0"; wait', pidFile], { signal: abort.signal });
    const ended = expect(running).rejects.toThrow('stop');
    const processes = createProcessTable();
    const identity = await processes.identify(Number(await waitForContent(pidFile)));
    if (identity === undefined) throw new Error('the descendant does not run');
    abort.abort(new Error('stop'));
    await ended;
    expect(await processes.waitForExit(identity, { timeoutMs: 30_000 })).toBe(true);
  });

  it('does not wait for a descendant that left with the output in its hands', async () => {
    const { stdout } = await exec('sh', ['-c', 'setsid sleep 600 & echo $!']);
    process.kill(Number(stdout), 'SIGKILL');
    expect(stdout).toMatch(/^\d+\n$/);
  });

  it('rejects with the reason of an abort, after the command has ended', async () => {
    const reason = new Error('Ctrl-C');
    const abort = new AbortController();
    const running = exec('sleep', ['600'], { signal: abort.signal });
    setTimeout(() => {
      abort.abort(reason);
    }, 100);
    await expect(running).rejects.toBe(reason);
  });

  it('kills a command that ignores SIGTERM', async () => {
    const abort = new AbortController();
    const pidFile = join(directory, 'pid');
    const running = exec('sh', ['-c', 'trap "" TERM; echo $$ > "$0"; while :; do sleep 0.1; done', pidFile], {
      signal: abort.signal,
    });
    const ended = expect(running).rejects.toThrow('stop');
    const pid = await waitForContent(pidFile);
    abort.abort(new Error('stop'));
    await ended;
    await expect(createProcessTable().identify(Number(pid))).resolves.toBeUndefined();
  });

  it('starts nothing when it is aborted already', async () => {
    const file = join(directory, 'made');
    await expect(exec('touch', [file], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow(
      'early',
    );
    await expect(exec('ls', [file])).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  });

  it('says which package brings a missing program', async () => {
    const bare = createExec({ env: { PATH: directory }, packageHints: { 'my-tool': 'my-package' } });
    await expect(bare('qemu-img', ['info'])).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: expect.stringContaining('"qemu-img"'),
      exitCode: EXIT.host,
      details: { command: 'qemu-img' },
    });
    await expect(bare('my-tool', [])).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_MISSING' });
    await expect(exec(join(directory, 'none'), [])).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_MISSING',
      message: `There is no program ${join(directory, 'none')}.`,
    });
  });

  it('tells a missing directory from a missing program', async () => {
    const cwd = join(directory, 'gone');
    await expect(exec('true', [], { cwd })).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
      message: `true cannot be started in ${cwd}: there is no such directory.`,
    });
  });

  it('says when a program is not executable', async () => {
    const file = join(directory, 'text');
    await writeFile(file, 'no program');
    await chmod(file, 0o600);
    await expect(exec(file, [])).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
      message: `${file} cannot be started: the file is not executable.`,
    });
  });

  it('gives the command no terminal to ask for a password', async () => {
    await expect(exec('sh', ['-c', ': < /dev/tty'])).rejects.toMatchObject({
      code: 'VMCTL_HOST_COMMAND_FAILED',
    });
  });
});

async function waitForContent(path: string): Promise<string> {
  for (;;) {
    const { stdout } = await promisify(execFile)('cat', [path]).catch(() => ({ stdout: '' }));
    if (stdout.endsWith('\n')) return stdout.trim();
  }
}
