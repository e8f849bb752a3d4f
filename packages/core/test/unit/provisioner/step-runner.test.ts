import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import type { VmctlEventBody } from '../../../src/events/events.js';
import type { SshAccess } from '../../../src/guest/contract.js';
import { createLogger } from '../../../src/host/logger.js';
import type { ProvisionRecord } from '../../../src/hypervisor/contract.js';
import type { ProvisionContext, Provisioner } from '../../../src/provisioner/contract.js';
import { type RunStepsOptions, runSteps } from '../../../src/provisioner/step-runner.js';
import { FakeGuestSession } from '../../../src/testing/fake-guest-session.js';
import type { ProvisionDefinition, RunPolicy } from '../../../src/vmfile/model.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

type Run = (ctx: ProvisionContext) => unknown;

const step = (name: string, config: unknown = {}, run: RunPolicy = 'always'): ProvisionDefinition => ({
  type: 'test',
  name,
  run,
  config,
});

describe('the step runner', () => {
  const directory = useTemporaryDirectory();
  const logPath = (): string => join(directory.path, 'provision.log');
  const log = (): Promise<string> => readFile(logPath(), 'utf8');

  /** Runs steps; `runs` says by name what they do. */
  function start(
    steps: readonly ProvisionDefinition[],
    runs: Readonly<Record<string, Run>> = {},
    options: Partial<RunStepsOptions> & Pick<Provisioner, 'inputs'> = {},
  ) {
    const events: VmctlEventBody[] = [];
    const records: Record<string, ProvisionRecord> = {};
    const ran: string[] = [];
    const provisioner: Provisioner = {
      type: 'test',
      decode: () => undefined,
      ...(options.inputs === undefined ? {} : { inputs: options.inputs }),
      run: async (_, ctx) => {
        ran.push(ctx.step.name);
        const result = await runs[ctx.step.name]?.(ctx);
        return result === undefined ? undefined : { exitCode: Number(result) };
      },
    };
    const result = runSteps({
      vm: { name: 'web', id: 'noop-1', hostname: 'web' },
      steps,
      provisioners: async () => provisioner,
      guest: new FakeGuestSession(),
      baseDir: directory.path,
      logPath: logPath(),
      records: {},
      saveRecord: async (name, record) => void (records[name] = record),
      events: { emit: (event) => void events.push(event) },
      signal: new AbortController().signal,
      log: createLogger('vmctl:test', { patterns: '' }),
      ...options,
    });
    const brief = (): string[] =>
      events.map((event) => {
        const which = 'step' in event ? ` ${event.step.index}/${event.step.count} ${event.step.name}` : '';
        return event.type + which + ('reason' in event ? `: ${event.reason}` : '');
      });
    return { result, events, records, ran, brief };
  }

  it('tells a step how programs of the host reach the guest', async () => {
    const ssh: SshAccess = {
      host: '127.0.0.1',
      port: 41022,
      user: 'vm',
      identityFiles: ['/vms/web/id'],
      knownHostsFile: '/vms/web/known_hosts',
      hostKeyAlias: 'vmctl-web',
      settings: ['HostKeyAlias=vmctl-web'],
    };
    const seen: unknown[] = [];
    const look = { site: (ctx: ProvisionContext) => void seen.push(ctx.ssh) };
    await start([step('site')], look, { ssh }).result;
    await start([step('site')], look).result;
    expect(seen).toEqual([ssh, undefined]);
  });

  it('runs the steps in order, each with its events, its record and its part of the log', async () => {
    const { result, records, brief } = start([step('packages'), step('site')], {
      packages: ({ output }) => {
        void output.stdout('installed\n');
        return 0;
      },
    });
    expect(await result).toEqual({ ran: 2, skipped: 0 });
    expect(brief()).toEqual([
      'step.started 1/2 packages',
      'step.output 1/2 packages',
      'step.finished 1/2 packages',
      'step.started 2/2 site',
      'step.finished 2/2 site',
    ]);
    expect(Object.keys(records)).toEqual(['packages', 'site']);
    expect(await log()).toMatch(
      new RegExp(
        [
          '^==> 20\\S+Z step 1/2 packages \\(test\\): started',
          'installed',
          '<== 20\\S+Z step 1/2 packages \\(test\\): done, exit code 0, \\d+\\.\\d s',
          '==> 20\\S+Z step 2/2 site \\(test\\): started',
          '<== 20\\S+Z step 2/2 site \\(test\\): done, \\d+\\.\\d s\n$',
        ].join('\n'),
      ),
    );
    expect((await stat(logPath())).mode & 0o777).toBe(0o600);
  });

  it('gives the provisioner the VM, the place of the step, the base directory and the signal', async () => {
    const { signal } = new AbortController();
    let seen: ProvisionContext | undefined;
    await start([step('packages')], { packages: (ctx) => void (seen = ctx) }, { signal }).result;
    expect(seen).toMatchObject({
      vm: { name: 'web', id: 'noop-1', hostname: 'web' },
      step: { index: 1, count: 1, name: 'packages' },
      baseDir: directory.path,
      signal,
    });
  });

  it.each([
    { upRunsAgain: true, advice: '`vmctl up` runs the steps again.' },
    { upRunsAgain: false, advice: "To go on with this step: vmctl provision web --from 'the site'" },
  ])('says how to run it again where `up` does so: $upRunsAgain', async ({ upRunsAgain, advice }) => {
    const fail = ({ error }: ProvisionContext) => {
      throw error('VMCTL_TEST_EXIT', { message: 'the command ended with exit code 1.' });
    };
    const { result } = start([step('the site')], { 'the site': fail }, { upRunsAgain });
    await expect(result).rejects.toMatchObject({
      hint: `See all of its output: vmctl log web --provision. ${advice}`,
    });
  });

  it('stops at the first failure, and says which step, why, and where the log is', async () => {
    const { result, records, ran, events } = start([step('packages'), step('site')], {
      packages: ({ output, error }) => {
        void output.stdout('Reading package lists...\n');
        void output.stderr('E: Unable to locate package ngnix\n');
        throw error('VMCTL_TEST_EXIT', {
          message: 'the command ended with exit code 100.',
          hint: 'Look at the spelling.',
          details: { command: 'apt-get install ngnix', exitCode: 100 },
        });
      },
    });
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'VMCTL_PROVISION_FAILED',
      message: [
        'web: step 1/2 "packages" (test) failed: the command ended with exit code 100.',
        'Command: apt-get install ngnix',
        'Last output:',
        '  Reading package lists...',
        '  E: Unable to locate package ngnix',
        `Full log: ${logPath()}`,
      ].join('\n'),
      hint: 'Look at the spelling.',
      details: {
        vm: 'web',
        step: { index: 1, count: 2, name: 'packages' },
        provisioner: 'test',
        command: 'apt-get install ngnix',
        exitCode: 100,
        signal: null,
        output: ['Reading package lists...', 'E: Unable to locate package ngnix'],
        log: logPath(),
        code: 'VMCTL_TEST_EXIT',
      },
      cause: { code: 'VMCTL_TEST_EXIT' },
    });
    expect(ran).toEqual(['packages']);
    expect(records).toEqual({});
    expect(events.at(-1)).toMatchObject({ type: 'step.failed', error: { code: 'VMCTL_PROVISION_FAILED' } });
    expect(await log()).toMatch(
      /: failed, exit code 100, \d+\.\d s: the command ended with exit code 100\.\n$/,
    );
  });

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'oops', 'oops'],
    ['nothing', undefined, 'undefined'],
  ])('says whose fault it is when a plugin throws %s', async (_, thrown, message) => {
    const { result } = start([step('packages')], {
      packages: () => {
        throw thrown;
      },
    });
    await expect(result).rejects.toMatchObject({
      code: 'VMCTL_PROVISION_FAILED',
      message: expect.stringContaining(
        `"packages" (test) failed: the provisioner "test" failed with an error of its own: ${message}`,
      ),
      hint: expect.stringContaining('fault of the plugin'),
    });
  });

  it('passes on that a type is not installed, before it says that a step began', async () => {
    const missing = new VmctlError('VMCTL_PROVISIONER_UNKNOWN', { message: 'no such type' });
    const { result, brief } = start([step('packages')], {}, { provisioners: () => Promise.reject(missing) });
    await expect(result).rejects.toBe(missing);
    expect(brief()).toEqual([]);
  });

  describe('asks the policy of a step', () => {
    const record = { fingerprint: 'old', finished_at: '2026-11-20T13:29:01.123' };

    it('and skips what is done once, and what is never run', async () => {
      const steps = [step('first', {}, 'once'), step('second', {}, 'never'), step('third', {}, 'once')];
      const { result, ran, brief } = start(steps, {}, { records: { first: record } });
      expect(await result).toEqual({ ran: 1, skipped: 2 });
      expect(ran).toEqual(['third']);
      expect(brief().slice(0, 2)).toEqual([
        'step.skipped 1/3 first: run="once", and done on 2026-11-20 13:29:01',
        'step.skipped 2/3 second: run="never"',
      ]);
      expect(await log()).toContain('step 2/3 second (test): skipped, run="never"\n');
    });

    it('and runs a step again when its configuration or a file of it changed', async () => {
      const path = join(directory.path, 'setup.sh');
      const inputs = async () => [{ kind: 'file', path } as const];
      let records: Record<string, ProvisionRecord> = {};
      const again = async (config: unknown): Promise<number> => {
        const run = start([step('setup', config, 'changed')], {}, { inputs, records });
        const { ran } = await run.result;
        records = { ...records, ...run.records };
        return ran;
      };
      await writeFile(path, 'one');
      expect(await again({ args: [] })).toBe(1);
      expect(await again({ args: [] })).toBe(0);
      expect(await again({ args: ['--fast'] })).toBe(1);
      await writeFile(path, 'two');
      expect(await again({ args: ['--fast'] })).toBe(1);
      expect(await again({ args: ['--fast'] })).toBe(0);
    });

    it('and reads no inputs for the other policies', async () => {
      const inputs = () => Promise.reject(new Error('read'));
      const steps = [step('first'), step('second', {}, 'once')];
      const { result, records } = start(steps, {}, { inputs });
      expect(await result).toEqual({ ran: 2, skipped: 0 });
      expect(records).toMatchObject({ first: { fingerprint: '' } });
    });

    it('and takes an input that is missing for a failure of the step', async () => {
      const inputs = async () => [{ kind: 'file', path: '/nowhere/setup.sh' } as const];
      const { result, ran, brief } = start([step('setup', {}, 'changed')], {}, { inputs });
      await expect(result).rejects.toMatchObject({
        code: 'VMCTL_PROVISION_FAILED',
        message: expect.stringContaining('/nowhere/setup.sh does not exist'),
        details: { code: 'VMCTL_FILE_NOT_FOUND' },
      });
      expect(ran).toEqual([]);
      expect(brief()).toEqual(['step.started 1/1 setup', 'step.failed 1/1 setup']);
    });

    it('but runs what is named whatever it says', async () => {
      const steps = [step('first'), step('second', {}, 'never'), step('third', {}, 'once')];
      const options = { only: ['third', 'second'], records: { third: record } };
      const { result, ran, brief } = start(steps, {}, options);
      expect(await result).toEqual({ ran: 2, skipped: 0 });
      expect(ran).toEqual(['second', 'third']);
      expect(brief()[0]).toBe('step.started 2/3 second');
    });
  });

  it('does not record a step whose record cannot be kept as failed', async () => {
    const full = new VmctlError('VMCTL_DISK_FULL', { message: 'full' });
    const { result, brief } = start(
      [step('first'), step('second')],
      {},
      { saveRecord: () => Promise.reject(full) },
    );
    await expect(result).rejects.toBe(full);
    expect(brief()).toEqual(['step.started 1/2 first', 'step.finished 1/2 first']);
  });

  it('ends with the reason of an abort, and the log says that it was interrupted', async () => {
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const { result, records, ran, events } = start(
      [step('first'), step('second')],
      {
        first: async ({ signal, output }) => {
          void output.stdout('half ');
          controller.abort(reason);
          signal.throwIfAborted();
        },
      },
      { signal: controller.signal },
    );
    await expect(result).rejects.toBe(reason);
    expect(ran).toEqual(['first']);
    expect(records).toEqual({});
    expect(events.at(-1)).toMatchObject({ type: 'step.failed', error: { message: 'Ctrl-C' } });
    expect(await log()).toMatch(/half \n<== \S+ step 1\/2 first \(test\): interrupted, \d+\.\d s\n$/);
  });

  it('does not wait forever for a plugin that ignores an abort', async () => {
    const controller = new AbortController();
    let late: ProvisionContext | undefined;
    const { result, events } = start(
      [step('first')],
      {
        first: (ctx) => {
          late = ctx;
          controller.abort();
          return new Promise(() => {});
        },
      },
      { signal: controller.signal, abortGraceMs: 10 },
    );
    await expect(result).rejects.toMatchObject({
      code: 'VMCTL_PROVISIONER_STUCK',
      message: expect.stringContaining('"test"'),
    });
    const count = events.length;
    void late?.output.stdout('still here\n');
    expect(events).toHaveLength(count);
    expect(await log()).toContain('interrupted');
  });

  it('keeps secrets out of events, errors, the log, and what comes after', async () => {
    const lines: string[] = [];
    const { result, events } = start(
      [step('first'), step('second')],
      {
        first: ({ redact }) => redact('hunter2'),
        second: ({ output, error, log: debug }) => {
          debug.debug('using hunter2', { password: 'hunter2' });
          void output.stdout('password: hunt');
          void output.stdout('er2\n');
          throw error('VMCTL_TEST', {
            message: 'hunter2 was refused',
            hint: 'Do not use hunter2.',
            details: { command: 'login --password hunter2', exitCode: 1 },
            cause: new Error('refused: hunter2'),
          });
        },
      },
      { log: createLogger('vmctl:test', { patterns: '*', write: (line) => lines.push(line) }) },
    );
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: expect.stringContaining('Command: login --password ***'),
      hint: 'Do not use ***.',
      cause: { message: '*** was refused', cause: { message: 'refused: ***' } },
    });
    const everything = [JSON.stringify(events), JSON.stringify(error), lines.join(''), await log()];
    for (const text of everything) expect(text).not.toContain('hunter2');
    expect(await log()).toContain('password: ***\n');
    expect(lines.join('')).toContain('using ***');
  });

  it('goes on without a log when it cannot be written, and warns', async () => {
    const { result, events } = start(
      [step('first')],
      {},
      { logPath: join(directory.path, 'no', 'provision.log') },
    );
    expect(await result).toEqual({ ran: 1, skipped: 0 });
    expect(events[0]).toMatchObject({ type: 'warning', vm: 'web', code: 'VMCTL_FILE_MISSING' });
  });

  it('leaves no log behind when there is nothing to run', async () => {
    expect(await start([]).result).toEqual({ ran: 0, skipped: 0 });
    await expect(stat(logPath())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('runs nothing when a name is unknown', async () => {
    const { result, ran } = start([step('first')], {}, { from: 'frist' });
    await expect(result).rejects.toMatchObject({ code: 'VMCTL_STEP_UNKNOWN' });
    expect(ran).toEqual([]);
  });

  it('slows the guest down to what the disk takes', async () => {
    const chunk = Buffer.alloc(512 * 1024, 'x\n');
    let waits = 0;
    const { result } = start([step('first')], {
      first: async ({ output }) => {
        for (let count = 0; count < 8; count++) {
          const wait = output.stdout(chunk);
          if (wait !== undefined) waits++;
          await wait;
        }
      },
    });
    await result;
    expect(waits).toBeGreaterThan(0);
    expect((await stat(logPath())).size).toBeGreaterThan(8 * chunk.length);
  });
});
