import { describe, expect, it } from '@jest/globals';
import { installHint } from '../../../src/host/package-hints.js';

describe('installHint', () => {
  it.each([
    ['qemu-img', 'sudo apt-get install qemu-utils '],
    ['qemu-system-x86_64', 'sudo apt-get install qemu-system-x86 '],
    ['/usr/bin/ssh', 'sudo apt-get install openssh-client '],
  ])('names the Debian package of %s', (program, line) => {
    expect(installHint(program, {}, 'linux')).toContain(line);
  });

  it('prefers the packages it is given', () => {
    expect(installHint('ssh', { ssh: 'dropbear' }, 'linux')).toContain('install dropbear ');
  });

  it('stays general for other platforms and unknown programs', () => {
    expect(installHint('ssh', {}, 'sunos')).toContain('"ssh"');
    expect(installHint('constructor', {}, 'linux')).toBe(
      'Install the program "constructor", and make sure that it is in a directory of PATH.',
    );
  });
});
