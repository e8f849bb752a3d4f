import { describe, expect, it } from '@jest/globals';
import type { ProvisionRecord, VmHandle } from '../../../../src/hypervisor/contract.js';
import { stepsLeft, stepsToRun, type StepJudging } from '../../../../src/operations/plan/steps.js';
import type { Provisioner } from '../../../../src/provisioner/contract.js';
import { definitionDigest, stepFingerprint } from '../../../../src/provisioner/step-fingerprint.js';
import type { ProvisionDefinition, RunPolicy } from '../../../../src/vmfile/model.js';

const signal = new AbortController().signal;
const AT = '2026-11-20T13:29:01.123';
const SINCE = '2026-11-20 13:29:01';

/** A provisioner whose steps depend on one value besides their configuration. */
function provisioner(input: string | Error): Provisioner {
  return {
    type: 'shell',
    decode: () => undefined,
    inputs: async () => {
      if (input instanceof Error) throw input;
      return [{ kind: 'value', name: 'site', value: input }];
    },
    run: async () => undefined,
  };
}

function step(run: RunPolicy, config: unknown = 'echo'): ProvisionDefinition {
  return { type: 'shell', name: run, run, config };
}

function judging(steps: readonly ProvisionDefinition[], input: string | Error = 'one'): StepJudging {
  return { steps, provisioners: async () => provisioner(input), baseDir: '/p', signal };
}

/** What is kept of steps that ran with the input `one`. */
async function recordsOf(steps: readonly ProvisionDefinition[]): Promise<Record<string, ProvisionRecord>> {
  const entries = steps.map(async (each): Promise<[string, ProvisionRecord]> => {
    const fingerprint =
      each.run === 'changed'
        ? await stepFingerprint(each, provisioner('one'), { baseDir: '/p', signal })
        : '';
    const definition = await definitionDigest(each);
    return [each.name, { fingerprint, finished_at: AT, ...(definition === undefined ? {} : { definition }) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** `always: run (…)`. */
function texts(plans: readonly { name: string; action: string; reason: string }[]): string[] {
  return plans.map(({ name, action, reason }) => `${name}: ${action} (${reason})`);
}

const all = [step('always'), step('once'), step('never'), step('changed')];

/** Of a handle only this matters. */
function handleWith(fields: Partial<VmHandle>): VmHandle {
  return { created_at: AT, ...fields } as VmHandle;
}

describe('the steps of a VM that comes up', () => {
  it('run on a new VM, but for those that never do', async () => {
    const first = 'it has not run on this VM';
    expect(texts(await stepsToRun(judging(all), {}))).toEqual([
      'always: run (run="always")',
      `once: run (${first})`,
      'never: skip (run="never")',
      `changed: run (${first})`,
    ]);
  });

  it('run again as their policies say', async () => {
    const records = await recordsOf(all);
    expect(texts(await stepsToRun(judging(all), records))).toEqual([
      'always: run (run="always")',
      `once: skip (run="once", and done on ${SINCE})`,
      'never: skip (run="never")',
      `changed: skip (unchanged since ${SINCE})`,
    ]);
    expect(texts(await stepsToRun(judging(all, 'two'), records)).at(-1)).toBe(
      `changed: run (changed since ${SINCE})`,
    );
  });

  it('do not run again when they run once, but an edit is named', async () => {
    const records = await recordsOf(all);
    const plans = await stepsToRun(judging([step('once', 'echo more'), step('never', 'echo more')]), records);
    expect(texts(plans)).toEqual([
      `once: edited (edited since it ran on ${SINCE}, and run="once")`,
      'never: skip (run="never")',
    ]);
  });

  it('fail where what they depend on cannot be read', async () => {
    const records = await recordsOf(all);
    const plans = await stepsToRun(judging(all, new Error('there is no site')), records);
    expect(texts(plans).at(-1)).toBe('changed: fail (there is no site)');
    expect(texts(plans)[0]).toBe('always: run (run="always")');
  });
});

describe('the steps that are left on a running VM', () => {
  it('are none when nothing was edited', async () => {
    expect(await stepsLeft(judging(all), handleWith({ provisioned: await recordsOf(all) }))).toEqual([]);
  });

  it('are those that were added, and that would ever run', async () => {
    const handle = handleWith({ provisioned: await recordsOf([step('once')]) });
    expect(texts(await stepsLeft(judging(all), handle))).toEqual([
      'always: provision (it has not run on this VM)',
      'changed: provision (it has not run on this VM)',
    ]);
    expect(await stepsLeft(judging([step('always')]), handleWith({}))).toHaveLength(1);
  });

  it('are those that were edited; one that runs once is left to whoever names it', async () => {
    const handle = handleWith({ provisioned: await recordsOf(all) });
    const edited = all.map(({ run }) => step(run, 'echo more'));
    const expected = [
      `always: provision (changed since ${SINCE})`,
      `once: edited (edited since it ran on ${SINCE}, and run="once")`,
      `changed: provision (changed since ${SINCE})`,
    ];
    expect(texts(await stepsLeft(judging(edited), handle))).toEqual(expected);
  });

  it('are those whose inputs changed, or cannot be read any more, where it matters', async () => {
    const handle = handleWith({ provisioned: await recordsOf(all) });
    const expected = [`changed: provision (changed since ${SINCE})`];
    expect(texts(await stepsLeft(judging(all, 'two'), handle))).toEqual(expected);
    expect(texts(await stepsLeft(judging(all, new Error('gone')), handle))).toEqual(expected);
  });

  it('are not guessed from records of an older version, or of a VM that another tool has made', async () => {
    const old = { fingerprint: '', finished_at: AT };
    const edited = [step('always', 'edited'), step('once', 'edited')];
    const handle = handleWith({ provisioned: { always: old, once: old } });
    expect(await stepsLeft(judging(edited), handle)).toEqual([]);
    expect(await stepsLeft(judging(all), {} as VmHandle)).toEqual([]);
  });

  it('are not asked for once the command is interrupted', async () => {
    const handle = handleWith({ provisioned: await recordsOf(all) });
    const interrupted = {
      ...judging(all, new Error('gone')),
      signal: AbortSignal.abort(new Error('Ctrl-C')),
    };
    await expect(stepsLeft(interrupted, handle)).rejects.toThrow('Ctrl-C');
  });
});
