import { describe, expect, it } from '@jest/globals';
import { judge, judgeFingerprint } from '../../../src/provisioner/run-policy.js';

const record = { fingerprint: 'abc', finished_at: '2026-11-20T13:29:01.123' };

const firstRun = { kind: 'run', reason: 'it has not run on this VM' };

describe('the run policy', () => {
  it('"always" runs a step again and again', () => {
    const run = { kind: 'run', reason: 'run="always"' };
    expect(judge('always', undefined)).toEqual(run);
    expect(judge('always', record)).toEqual(run);
  });

  it('"once" runs a step until it has succeeded', () => {
    expect(judge('once', undefined)).toEqual(firstRun);
    expect(judge('once', record)).toEqual({
      kind: 'skip',
      reason: 'run="once", and done on 2026-11-20 13:29:01',
    });
  });

  it('"never" skips a step', () => {
    expect(judge('never', undefined)).toEqual({ kind: 'skip', reason: 'run="never"' });
  });

  it('"changed" runs a step whose fingerprint is not the one of its last success', () => {
    expect(judge('changed', undefined)).toEqual(firstRun);
    expect(judge('changed', record)).toEqual({ kind: 'ask', record });
    const rerun = { kind: 'run', reason: 'changed since 2026-11-20 13:29:01' };
    expect(judgeFingerprint(record, 'abd')).toEqual(rerun);
    expect(judgeFingerprint(record, 'abc')).toEqual({
      kind: 'skip',
      reason: 'unchanged since 2026-11-20 13:29:01',
    });
    expect(judgeFingerprint({ ...record, fingerprint: '' }, 'abc')).toEqual(rerun);
  });
});
