import { nearest } from '../errors/nearest.js';
import type { BackendSetting, BackendSettings } from './backend-setting.js';
import { keyText, originIn } from './config-file.js';
import type { BackendEntry } from './config-layer.js';
import type { Configured } from './origin.js';
import { ConfigProblems, type ConfigProblem } from './problem.js';
import {
  type ConfigKind,
  integerKind,
  type PathRoots,
  pathKind,
  programKind,
  switchKind,
  textKind,
  wordKind,
} from './value-kinds.js';

/** What is known of a backend's settings. */
export interface BackendReading {
  /** In the order in which they were declared; undefined where nobody says a value and there is no default. */
  readonly values: ReadonlyMap<string, Configured<string | number | boolean> | undefined>;
  readonly problems: readonly ConfigProblem[];
}

/** Reads the settings of a backend: a variable goes before files, and these are the strongest first. */
export function readBackend(
  backend: string,
  settings: BackendSettings,
  from: {
    readonly entries: readonly BackendEntry[];
    readonly env: Readonly<Record<string, string | undefined>>;
    /** For variables. */
    readonly roots: PathRoots;
  },
): BackendReading {
  const problems = new ConfigProblems();
  for (const { file, settings: written } of from.entries) {
    for (const key of Object.keys(written).filter((each) => !Object.hasOwn(settings, each))) {
      const path = ['backends', backend, key];
      const near = nearest(key, Object.keys(settings));
      const list = Object.keys(settings).join(', ');
      problems.inFile(file, path, `unknown setting "${keyText(path)}"`, {
        part: 'key',
        hint:
          near === undefined
            ? list === ''
              ? `The backend ${backend} has no settings.`
              : `The backend ${backend} has: ${list}.`
            : `Did you mean "${near}"?`,
      });
    }
  }
  const values = new Map<string, Configured<string | number | boolean> | undefined>();
  for (const [key, setting] of Object.entries(settings)) {
    const found =
      fromVariable(setting, from, problems) ?? fromFiles([backend, key], setting, from.entries, problems);
    const fallback =
      setting.default === undefined
        ? undefined
        : { value: setting.default, origin: { source: 'default' } as const };
    values.set(key, found ?? fallback);
  }
  return { values, problems: problems.all };
}

function fromVariable(
  setting: BackendSetting,
  { env, roots }: { readonly env: Readonly<Record<string, string | undefined>>; readonly roots: PathRoots },
  problems: ConfigProblems,
): Configured<string | number | boolean> | undefined {
  const { variable } = setting;
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined || text === '') return undefined;
  const kind = kindOf(setting);
  const reading = kind.read(kind.fromVariable?.(text) ?? text, roots);
  if ('value' in reading) return { value: reading.value, origin: { source: 'variable', variable } };
  problems.add({ variable, message: reading.wrong, hint: reading.hint });
  return undefined;
}

/** All of them are checked, also those that a stronger one hides. */
function fromFiles(
  [backend, key]: readonly [string, string],
  setting: BackendSetting,
  entries: readonly BackendEntry[],
  problems: ConfigProblems,
): Configured<string | number | boolean> | undefined {
  const kind = kindOf(setting);
  let found: Configured<string | number | boolean> | undefined;
  for (const { file, roots, settings } of entries) {
    if (!Object.hasOwn(settings, key)) continue;
    const path = ['backends', backend, key];
    const reading = kind.read(settings[key], roots);
    if ('value' in reading) found ??= { value: reading.value, origin: originIn(file, path) };
    else problems.inFile(file, path, `"${keyText(path)}" ${reading.wrong}`, { hint: reading.hint });
  }
  return found;
}

function kindOf(setting: BackendSetting): ConfigKind<string | number | boolean> {
  switch (setting.type) {
    case 'text':
      return textKind('text', () => undefined);
    case 'path':
      return pathKind;
    case 'program':
      return programKind;
    case 'integer':
      return integerKind(setting.least, setting.most);
    case 'switch':
      return switchKind;
    case 'word':
      return wordKind(setting.words);
  }
}
