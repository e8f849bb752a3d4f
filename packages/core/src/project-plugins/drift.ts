import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import type { PackageRequirement } from '../vmfile/plugin-requirement.js';
import type { Choice } from './choose.js';
import type { PluginPins } from './lock-file.js';

/** A required package and what would be done about it. */
export interface ChosenPackage {
  readonly requirement: PackageRequirement;
  readonly choice: Choice;
}

/** What `--frozen` refuses, a sentence each; none when the lock file says all and everything is as it says. */
export function driftOf(
  chosen: readonly ChosenPackage[],
  pins: PluginPins | undefined,
  lockFile: string,
): string[] {
  if (pins === undefined) return chosen.length === 0 ? [] : [`There is no ${lockFile}.`];
  const required = new Set(chosen.map(({ requirement }) => requirement.name));
  return [
    ...chosen.flatMap(({ requirement, choice }) => driftOfOne(requirement, choice, lockFile)),
    ...[...pins.keys()]
      .filter((name) => !required.has(name))
      .map((name) => `${lockFile} pins ${name}, which the VMFile does not require.`),
  ];
}

function driftOfOne({ name, range }: PackageRequirement, choice: Choice, lockFile: string): string[] {
  switch (choice.kind) {
    case 'linked':
      return [`${name} is linked to ${choice.package.root}, which is not what ${lockFile} pins.`];
    case 'resolve':
      return [
        choice.outdated === undefined
          ? `${lockFile} does not pin ${name} ${range}.`
          : `${lockFile} pins ${name} ${choice.outdated.version}, and the VMFile requires ${range}.`,
      ];
    case 'user':
    case 'stored':
    case 'install':
      return [];
  }
}

/** The error for these sentences. */
export function drifted(sentences: readonly string[], lockPath: string, updateCommand: string): VmctlError {
  return new VmctlError('VMCTL_LOCKFILE_DRIFT', {
    message: `With --frozen, everything has to be as ${lockPath} says:\n${sentences.map((each) => `- ${each}`).join('\n')}`,
    hint: `Where that is meant, bring ${basename(lockPath)} up to date and commit it: ${updateCommand}. A link is taken away by vmctl plugins unlink NAME.`,
    details: { path: lockPath, drift: sentences },
  });
}
