import { expect, it } from '@jest/globals';
import { Args, Parser } from '@oclif/core';
import { omittedName, unknownName } from '../../../src/cli/omitted-name.js';
import { VmctlError } from '../../../src/errors/vmctl-error.js';

/** What is said of `vmctl ssh` with these words, where the VMFile has these VMs. */
async function said(words: readonly string[], names: readonly string[]) {
  const input = { flags: {}, args: { name: Args.string() }, strict: false };
  const failed: unknown = await Parser.parse([...words], input).catch((error: unknown) => error);
  const error = await omittedName(failed, {
    verb: 'ssh',
    words,
    vmctl: { vmNames: () => Promise.resolve(names) },
  });
  return { isSame: error === failed, error };
}

it('a program with a flag, where the name of the only VM is left out, is shown with the name', async () => {
  expect(await said(['uname', '-r', 'a b'], ['web'])).toMatchObject({
    isSame: false,
    error: {
      code: 'VMCTL_USAGE',
      message: '`vmctl ssh` has no flag `-r`, and takes `uname` for the name of a VM.',
      hint: "To run `uname` in web: vmctl ssh web uname -r 'a b'",
    },
  });
});

it.each([
  ['the VM is named', ['web', '-r'], ['web']],
  ['no program is named', ['-r'], ['web']],
  ['it may be any of several VMs', ['uname', '-r'], ['web', 'db']],
  ['there is no VM', ['uname', '-r'], []],
])('an unknown flag is only that when %s', async (_why, words, names) => {
  expect(await said(words, names)).toMatchObject({ isSame: true });
});

const unknown = new VmctlError('VMCTL_VM_UNKNOWN', {
  message: 'no',
  hint: 'There is: web.',
  details: { a: 1 },
});

/** What is said of a name that no VM has, where the VMFile has these. */
const saidOf = (
  given: string,
  words: readonly string[],
  names: readonly string[],
  error: unknown = unknown,
) => unknownName(error, given, { verb: 'ssh', words, vmctl: { vmNames: () => Promise.resolve(names) } });

it.each([
  ['alone', ['ls'], 'vmctl ssh web -- ls'],
  ['with arguments', ['ls', '--', 'a b'], "vmctl ssh web -- ls 'a b'"],
  ['with flags', ['--user', 'ls', 'ls', '-t', '--', '-l'], 'vmctl ssh web --user ls -t -- ls -l'],
])(
  'a program %s, where the name of the only VM is left out, is shown with the name',
  async (_how, words, line) => {
    expect(await saidOf('ls', words, ['web'])).toMatchObject({
      code: 'VMCTL_VM_UNKNOWN',
      message: 'no',
      hint: `There is: web. To run \`ls\` in web: ${line}`,
      details: { a: 1 },
    });
  },
);

it.each([
  ['a VM with nearly that name', 'wbe', ['web'], unknown],
  ['one of several VMs', 'ls', ['web', 'db'], unknown],
  ['nothing that is known', 'ls', [], unknown],
  ['there, and something else failed', 'ls', ['web'], new Error('lost')],
])('a wrong name is only that when what was meant may be %s', async (_what, given, names, error) => {
  expect(await saidOf(given, [given], names, error)).toBe(error);
});
