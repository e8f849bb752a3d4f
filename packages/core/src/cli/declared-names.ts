import { Flags } from '@oclif/core';

/** VMs of a VMFile are named as arguments, as VMs are everywhere, or with this flag. */
export const nameFlag = Flags.string({
  char: 'n',
  multiple: true,
  description: 'the same as NAME, as a flag; may be repeated',
  helpValue: 'NAME',
});

/** The VMs that a command names, in its order; undefined for all. */
export function declaredNames(
  argv: readonly unknown[],
  flag: readonly string[] | undefined,
): readonly string[] | undefined {
  const names = [...new Set([...argv.map(String), ...(flag ?? [])])];
  return names.length === 0 ? undefined : names;
}
