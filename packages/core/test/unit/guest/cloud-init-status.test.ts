import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readStatus } from '../../../src/guest/cloud-init-status.js';

/** status.json of cloud-init 22.4 (Debian 12). */
const status224 = (errors: readonly string[]) => ({
  v1: {
    datasource: 'DataSourceNoCloud [seed=/dev/sr0][dsmode=net]',
    init: { errors: [], finished: 1.5, start: 1 },
    'init-local': { errors: [], finished: 0.5, start: 0.1 },
    'modules-config': { errors: [], finished: 2, start: 1.8 },
    'modules-final': { errors, finished: 3, start: 2.5 },
    stage: null,
  },
});

/** The same since 23.4. */
const status241 = (
  recoverable: Readonly<Record<string, readonly string[]>>,
  errors: readonly string[] = [],
) => ({
  v1: {
    datasource: 'DataSourceNoCloud',
    init: { errors: [], recoverable_errors: {}, finished: 1.5, start: 1 },
    'modules-config': { errors, recoverable_errors: recoverable, finished: 2, start: 1.8 },
    'modules-final': { errors: [], recoverable_errors: recoverable, finished: 3, start: 2.5 },
    stage: null,
  },
});

const read = (value: unknown) => readStatus(JSON.stringify(value));

describe('readStatus', () => {
  it('finds nothing wrong where no stage lists an error', () => {
    expect(read(status224([]))).toEqual({ kind: 'done', warnings: [] });
    expect(read(status241({}))).toEqual({ kind: 'done', warnings: [] });
  });

  it('has the errors of all stages', () => {
    const errors = [
      "('scripts-user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted commands'))",
    ];
    expect(read(status224(errors))).toEqual({ kind: 'failed', errors, warnings: [] });
  });

  it('takes recoverable errors for warnings, each once, and leaves deprecations out', () => {
    const recoverable = { WARNING: ['failed to open x', 'y'], DEPRECATED: ['z is deprecated'] };
    expect(read(status241(recoverable))).toEqual({ kind: 'done', warnings: ['failed to open x', 'y'] });
  });

  it('does not repeat as a warning what is an error', () => {
    expect(read(status241({ ERROR: ['boom'] }, ['boom']))).toEqual({
      kind: 'failed',
      errors: ['boom'],
      warnings: [],
    });
  });

  it('says so when it cannot be read, and never throws', () => {
    expect(readStatus('')).toMatchObject({
      kind: 'done',
      warnings: [expect.stringContaining('cannot be read')],
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['done', 'failed']).toContain(readStatus(text).kind);
      }),
    );
  });
});
