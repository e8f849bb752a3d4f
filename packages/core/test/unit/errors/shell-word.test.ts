import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { shellWord } from '../../../src/errors/shell-word.js';

describe('a word of a command that people paste', () => {
  it.each([
    '/home/vm/.local/share/vmctl',
    "/home/O'Hara's VMs",
    'a  b\n c',
    '$HOME `id` "x" \\ * ~ #!',
    'dätä',
    '',
  ])('is the same in a shell: %j', (text) => {
    expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
  });

  it('has quotes only where it needs them', () => {
    expect(shellWord('./plugins/my-plugin@1.0')).toBe('./plugins/my-plugin@1.0');
  });
});
