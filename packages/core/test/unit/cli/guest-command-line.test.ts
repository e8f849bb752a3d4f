import { describe, expect, it } from '@jest/globals';
import Exec from '../../../src/commands/exec.js';
import Ssh from '../../../src/commands/ssh.js';
import { guestCommandVerbs, separateGuestCommand } from '../../../src/cli/guest-command-line.js';

const separated = (line: string): string => separateGuestCommand(line.split(' ')).join(' ');

describe('separateGuestCommand', () => {
  it.each([
    ['ssh web', 'ssh web'],
    ['ssh web ls -la', 'ssh web -- ls -la'],
    ['ssh web ls --help', 'ssh web -- ls --help'],
    ['ssh web echo a -- b', 'ssh web -- echo a -- b'],
    ['ssh web -- ls -la', 'ssh web -- ls -la'],
    ['ssh -- ls', 'ssh -- ls'],
    ['ssh web --json', 'ssh web --json'],
    ['ssh --user root web ls', 'ssh --user root web -- ls'],
    ['ssh web --user root ls -l', 'ssh web --user root -- ls -l'],
    ['ssh web --user=root ls', 'ssh web --user=root -- ls'],
    ['exec -e A=1 web env', 'exec -e A=1 web -- env'],
    ['exec web - x', 'exec web -- - x'],
    ['up web db', 'up web db'],
    ['constructor a b', 'constructor a b'],
  ])('makes of `%s` `%s`', (given, expected) => {
    expect(separated(given)).toBe(expected);
  });

  it.each([
    ['exec', Exec],
    ['ssh', Ssh],
  ])('knows every flag of %s that takes a value', (verb, command) => {
    const flags = Object.entries(command.flags).flatMap(([name, { type, char }]) =>
      type === 'option' ? [`--${name}`, ...(char === undefined ? [] : [`-${char}`])] : [],
    );
    expect(flags.sort()).toEqual([...(guestCommandVerbs[verb] ?? [])].sort());
  });
});
