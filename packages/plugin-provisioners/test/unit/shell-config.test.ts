import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { useTemporaryDirectory } from '../../../core/test/support/temporary-directory.js';
import { decodeStep, problemsOf } from '../support/vmfile.js';

describe('a shell step in a VMFile', () => {
  const directory = useTemporaryDirectory();
  const decode = (node: string): Promise<unknown> => decodeStep(node, directory.path);
  const problems = (node: string): Promise<readonly string[]> => problemsOf(node, directory.path);

  beforeEach(async () => {
    await mkdir(join(directory.path, 'scripts'));
    await writeFile(join(directory.path, 'scripts', 'setup.sh'), '#!/bin/sh\necho hi\n');
  });

  it.each<[string, string]>([
    ['provision "shell" { inline "uptime" }', 'uptime'],
    ['provision "shell" inline="uptime"', 'uptime'],
    ['provision "shell" { inline "cd /srv" "ls" }', 'cd /srv\nls'],
    ['provision "shell" { inline "cd /srv"; inline "ls" }', 'cd /srv\nls'],
    [
      'provision "shell" { inline """\n    if true; then\n      ls\n    fi\n    """ }',
      'if true; then\n  ls\nfi',
    ],
    [String.raw`provision "shell" { inline "a\r\nb" }`, 'a\nb'],
  ])('takes commands: %s', async (node, text) => {
    expect(await decode(node)).toEqual({ source: { kind: 'inline', text }, args: [], env: {} });
  });

  it('takes a script, its arguments and its environment', async () => {
    const node =
      'provision "shell" name="setup" run="once" { script "scripts/setup.sh"; args "--fast" 2; env { KEY "a b"; N 1.50 } }';
    expect(await decode(node)).toEqual({
      source: { kind: 'script', path: join(directory.path, 'scripts/setup.sh') },
      args: ['--fast', '2'],
      env: { KEY: 'a b', N: '1.50' },
    });
  });

  it('takes a script that is a link', async () => {
    await symlink('scripts/setup.sh', join(directory.path, 'link.sh'));
    expect(await problems('provision "shell" script="link.sh"')).toEqual([]);
  });

  it.each([
    [
      'neither commands nor a script',
      'provision "shell"',
      '4:3 a shell step needs "inline" or "script" (Write inline "command", or script "path/to/script.sh")',
    ],
    [
      'both',
      'provision "shell" { inline "uptime"; script "scripts/setup.sh" }',
      '4:47 a shell step has "inline" or "script", not both (Make two steps of them; they run in the order of the file.)',
    ],
    ['no text', 'provision "shell" { inline "  " }', '4:30 "inline" is empty'],
    [
      'a script that is not there',
      'provision "shell" { script "scripts/setpu.sh" }',
      `4:30 "script" names what does not exist: DIR/scripts/setpu.sh (Paths are relative to the VMFile's directory, DIR.)`,
    ],
    [
      'a directory for a script',
      'provision "shell" { script "scripts" }',
      '4:30 "script" names a directory: DIR/scripts (Copy directories with a `file` step, and run what is in them with a `shell` step.)',
    ],
    [
      'a device for a script',
      'provision "shell" { script "/dev/null" }',
      '4:30 "script" must name a plain file: /dev/null',
    ],
    [
      'a variable that no shell knows',
      'provision "shell" { inline "env"; env { GOOD "1"; BAD-ONE "2" } }',
      '4:53 "BAD-ONE" cannot be the name of an environment variable (A name has letters, digits and underscores, and does not begin with a digit.)',
    ],
    [
      'a setting that does not exist',
      'provision "shell" { inline "env"; arg "x" }',
      '4:37 unknown setting "arg" in provision "shell" (Did you mean "args"?)',
    ],
  ])('refuses %s, and says where', async (_, node, problem) => {
    expect(await problems(node)).toEqual([problem.replaceAll('DIR', directory.path)]);
  });

  it('refuses commands that are too long for an argument', async () => {
    const [problem] = await problems(`provision "shell" { inline "${'x'.repeat(70_000)}" }`);
    expect(problem).toContain('"inline" is longer than 64 KiB (Put it into a file, and use "script".)');
  });

  it.each([
    ['Windows line ends', '#!/bin/sh\r\necho hi\r\n', /Windows line ends.*sed -i/],
    ['Windows line ends without a shebang', 'echo hi\r\n', /Windows line ends/],
    ['a byte order mark', '\ufeff#!/bin/sh\necho hi\n', /byte order mark/],
  ])('refuses a script with %s, and says how to convert it', async (_, content, message) => {
    await writeFile(join(directory.path, 'scripts', 'setup.sh'), content);
    expect(await problems('provision "shell" script="scripts/setup.sh"')).toEqual([
      expect.stringMatching(message),
    ]);
  });

  it.each([
    ['an empty script', ''],
    ['a program', '\x7fELF\0\0\r\0'],
    ['a script with a carriage return further down', '#!/bin/sh\nprintf "a\r\n"\n'],
  ])('takes %s', async (_, content) => {
    await writeFile(join(directory.path, 'scripts', 'setup.sh'), content);
    expect(await problems('provision "shell" script="scripts/setup.sh"')).toEqual([]);
  });

  it('refuses a script that cannot be read', async () => {
    // A plain file that nobody can read from its beginning.
    const [problem] = await problems('provision "shell" script="/proc/self/mem"');
    expect(problem).toMatch(/"script" cannot be read: E/);
  });
});
