import { describe, expect, it } from '@jest/globals';
import { Args, Errors, Flags, type Interfaces, Parser } from '@oclif/core';
import { ageFlag } from '../../../src/cli/age-flag.js';
import { usageError } from '../../../src/cli/usage-error.js';

const flags: Interfaces.FlagInput = {
  force: Flags.boolean({ char: 'f' }),
  wait: Flags.boolean({ allowNo: true }),
  for: Flags.option({ options: ['ready', 'running'] as const })(),
  parallel: Flags.integer({ min: 1 }),
  most: Flags.integer({ max: 9 }),
  count: Flags.integer(),
  image: Flags.string({ exclusive: ['url'] }),
  url: Flags.string(),
  digest: Flags.string({ dependsOn: ['url'] }),
  since: ageFlag(),
};
const args = { name: Args.string({ required: true }) };

/** What is said of these words, by the parser that commands have. */
async function said(argv: readonly string[], input: object = { flags, args }) {
  const failed: unknown = await Parser.parse([...argv], input).catch((error: unknown) => error);
  if (!(failed instanceof Error)) throw new Error('these words are fine');
  const error = usageError(failed, { name: 'wait', flags, args: Object.keys(args) });
  return { code: error?.code, message: error?.message, hint: error?.hint };
}

describe('words that a command does not take', () => {
  it.each([
    [['web', '--forse'], '`vmctl wait` has no flag `--forse`.', 'Did you mean `--force`?'],
    [['web', '--no-wiat'], '`vmctl wait` has no flag `--no-wiat`.', 'Did you mean `--no-wait`?'],
    [['web', '--colour'], '`vmctl wait` has no flag `--colour`.', undefined],
    [['web', '-z'], '`vmctl wait` has no flag `-z`.', undefined],
    [['web', 'db'], '`vmctl wait` takes NAME and nothing more, and got `db` as well.', undefined],
    [[], '`vmctl wait` needs NAME.', undefined],
    [
      ['web', '--for', 'redy'],
      '`vmctl wait`: `--for` is one of ready, running, not `redy`.',
      'Did you mean `ready`?',
    ],
    [['web', '--for'], '`vmctl wait`: `--for` needs a value: one of ready, running.', undefined],
    [['web', '--image'], '`vmctl wait`: `--image` needs a value.', undefined],
    [['web', '--image', 'a', '--image', 'b'], '`vmctl wait`: `--image` is given twice.', undefined],
    [['web', '--count', 'x'], '`vmctl wait`: `--count` is a whole number, not `x`.', undefined],
    [
      ['web', '--parallel', '0'],
      '`vmctl wait`: `--parallel` is a whole number, 1 or more, not `0`.',
      undefined,
    ],
    [['web', '--most', '10'], '`vmctl wait`: `--most` is a whole number, 9 or less, not `10`.', undefined],
    [
      ['web', '--image', 'a', '--url', 'b'],
      '`vmctl wait`: `--image` and `--url` do not go together.',
      undefined,
    ],
    [['web', '--digest', 'a'], '`vmctl wait`: `--digest` needs `--url`.', undefined],
  ])('%j', async (argv, message, near) => {
    expect(await said(argv)).toEqual({
      code: 'VMCTL_USAGE',
      message,
      hint: near === undefined ? 'vmctl wait --help' : `${near} More: vmctl wait --help`,
    });
  });

  it('are told together where flags are missing', async () => {
    const input = {
      flags: {
        name: Flags.string({ required: true }),
        image: Flags.string({ exactlyOne: ['image', 'url'] }),
        url: Flags.string({ exactlyOne: ['image', 'url'] }),
      },
    };
    expect((await said([], input)).message).toBe(
      '`vmctl wait`: `--image` or `--url` is missing; `--name` is missing.',
    );
  });

  it('keep code and advice of a flag that reads its value itself', async () => {
    expect(await said(['web', '--since', 'soon'])).toEqual({
      code: 'VMCTL_USAGE',
      message: '`vmctl wait`: `--since`: "soon" is not an age.',
      hint: expect.stringContaining('30d'),
    });
  });
});

it('knows the errors of an oclif that a plugin brings with itself', () => {
  class NonExistentFlagsError extends Error {
    readonly oclif = { exit: 2 };
    readonly flags = ['--forse'];
  }
  const error = new NonExistentFlagsError('Nonexistent flag: --forse\nSee more help with --help');
  expect(usageError(error, { name: 'wait', flags, args: [] })?.hint).toContain('`--force`');
});

it('leaves errors alone that are not about the words of a command', () => {
  const command = { name: 'wait', flags, args: [] };
  expect(usageError(new Error('disk on fire'), command)).toBeUndefined();
  expect(usageError(new Errors.CLIError('disk on fire'), command)).toBeUndefined();
});
