import { codeOf, messageOf } from '../thrown.js';

/** What a tool of the host would not do, as far as its words tell. */
export type ToolFailure = 'exists' | 'missing' | 'busy' | 'has-clones' | 'denied' | 'other';

/** The words of illumos; `zfs`, `dladm` and pfexec are always run with `LC_ALL=C`. */
const WORDS: readonly (readonly [RegExp, ToolFailure])[] = [
  [/dependent clones|has dependents/i, 'has-clones'],
  [/already exists|object exists|link already/i, 'exists'],
  [/(?:dataset|link|device|pool) (?:is )?busy/i, 'busy'],
  [
    /does not exist|could not find any snapshots|no such pool|no such dataset|link not found|object not found/i,
    'missing',
  ],
  [/permission denied|insufficient (?:privileges|user authorizations)|not authori[sz]ed/i, 'denied'],
];

/**
 * Why a host command failed; undefined for an error that is no failed host command. The error itself keeps the tool's
 * words.
 */
export function toolFailure(error: unknown): ToolFailure | undefined {
  if (codeOf(error) !== 'VMCTL_HOST_COMMAND_FAILED') return undefined;
  const words = stderrOf(error) ?? messageOf(error);
  return WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}

/** The datasets that `zfs destroy` names as clones: the lines after its sentence. */
export function clonesIn(error: unknown): string[] {
  const words = stderrOf(error) ?? messageOf(error);
  return words.split('\n').flatMap((line) => {
    const name = line.trim();
    return /^[A-Za-z][\w.:-]*(?:\/[\w.:-]+)+$/.test(name) ? [name] : [];
  });
}

function stderrOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('details' in error)) return undefined;
  const { details } = error;
  if (typeof details !== 'object' || details === null || !('stderr' in details)) return undefined;
  return typeof details.stderr === 'string' && details.stderr !== '' ? details.stderr : undefined;
}
