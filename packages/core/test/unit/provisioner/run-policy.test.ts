import { describe, expect, it } from '@jest/globals';
import { judge, judgeFingerprint } from '../../../src/provisioner/run-policy.js';

const record = { fingerprint: 'abc', finished_at: '2026-11-20T13:29:01.123Z' };

describe('the run policy', () => {
  it('"always" runs a step again and again', () => {
    expect(judge('always', undefined)).toEqual({ kind: 'run' });
    expect(judge('always', record)).toEqual({ kind: 'run' });
  });

  it('"once" runs a step until it has succeeded', () => {
    expect(judge('once', undefined)).toEqual({ kind: 'run' });
    expect(judge('once', record)).toEqual({
      kind: 'skip',
      reason: 'run="once", and done on 2026-11-20 13:29',
    });
  });

  it('"never" skips a step', () => {
    expect(judge('never', undefined)).toEqual({ kind: 'skip', reason: 'run="never"' });
  });

  it('"changed" runs a step whose fingerprint is not the one of its last success', () => {
    expect(judge('changed', undefined)).toEqual({ kind: 'run' });
    expect(judge('changed', record)).toEqual({ kind: 'ask', record });
    expect(judgeFingerprint(record, 'abd')).toEqual({ kind: 'run' });
    expect(judgeFingerprint(record, 'abc')).toEqual({
      kind: 'skip',
      reason: 'unchanged since 2026-11-20 13:29',
    });
    expect(judgeFingerprint({ ...record, fingerprint: '' }, 'abc')).toEqual({ kind: 'run' });
  });
});
