import { expect, it } from '@jest/globals';
import { Args, Parser } from '@oclif/core';
import { omittedName } from '../../../src/cli/omitted-name.js';

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
