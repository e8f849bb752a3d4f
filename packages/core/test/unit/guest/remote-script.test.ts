import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quote, SCRIPT_RUNNER, scriptLine } from '../../../src/guest/remote-script.js';
import { has } from '../../support/programs.js';

const text = fc
  .string({ unit: 'binary', maxLength: 80 })
  .map((value) => value.replaceAll('\0', '').toWellFormed());
const shells = ['dash', 'bash', 'busybox', 'tcsh', 'fish', 'zsh'].filter(has);

describe('the script runner', () => {
  it.each(shells)('runs any script, and leaves it the rest of its input, started by %s', (shell) => {
    const args = shell === 'busybox' ? ['sh', '-c', SCRIPT_RUNNER] : ['-c', SCRIPT_RUNNER];
    fc.assert(
      fc.property(text, text, (value, rest) => {
        const input = Buffer.concat([
          scriptLine(`printf %s ${quote(value)}; printf '|'; cat`),
          Buffer.from(rest),
        ]);
        const output = execFileSync(shell, args, {
          input,
          env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
        });
        expect(output.toString()).toBe(`${value}|${rest}`);
      }),
      { numRuns: 15, examples: [["'\n!\\0123\\c%s é", 'in\nput']] },
    );
  });
});

describe('scriptLine', () => {
  it('is one line of plain characters', () => {
    fc.assert(
      fc.property(text, (script) => {
        expect(scriptLine(script).toString('latin1')).toMatch(/^[\x20-\x7e]*\n$/);
      }),
    );
  });
});

describe('quote', () => {
  it('leaves plain words as they are, for those who read lists of processes', () => {
    expect(quote('/usr/bin/x-1.2_3')).toBe('/usr/bin/x-1.2_3');
    expect(quote('')).toBe("''");
    expect(quote("it's")).toBe(`'it'\\''s'`);
  });
});
