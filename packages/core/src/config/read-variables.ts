import { isJsonObject, type JsonObject } from '../host/json-object.js';
import { ConfigLayer } from './config-layer.js';
import { readMirrors, readPrefix } from './mirrors.js';
import type { ConfigProblems } from './problem.js';
import { MIRRORS_VARIABLE, SETTING_KEYS, type SettingKey, SETTINGS } from './settings.js';
import { type PathRoots, shown } from './value-kinds.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what the environment says; everything that is wrong goes to `problems`. An empty variable counts as not set.
 *
 * @param roots - relative paths start at the working directory
 */
export function readVariables(env: Environment, roots: PathRoots, problems: ConfigProblems): ConfigLayer {
  const layer = new ConfigLayer();
  for (const key of SETTING_KEYS) readVariable(layer, key, env, roots, problems);
  readMirrorVariable(layer, env, problems);
  return layer;
}

function readVariable(
  layer: ConfigLayer,
  key: SettingKey,
  env: Environment,
  roots: PathRoots,
  problems: ConfigProblems,
): void {
  const { kind, variable } = SETTINGS[key];
  const text = env[variable];
  if (text === undefined || text === '') return;
  const given = kind.fromVariable?.(text) ?? text;
  const wrong = layer.take(key, given, roots, { source: 'variable', variable });
  if (wrong !== undefined) problems.add({ variable, message: wrong.wrong, hint: wrong.hint });
}

function readMirrorVariable(layer: ConfigLayer, env: Environment, problems: ConfigProblems): void {
  const variable = MIRRORS_VARIABLE;
  const text = env[variable];
  if (text === undefined || text === '') return;
  const wrong = (message: string, hint?: string): void =>
    problems.add({
      variable,
      message,
      hint: hint ?? `For example: ${variable}='{"https://example.org/": "https://mirror.example/"}'`,
    });
  const mirrors = parseObject(text);
  if (mirrors === undefined) {
    wrong(`must be a JSON object of prefixes and mirrors, not ${shown(text)}`);
    return;
  }
  for (const [prefix, urls] of Object.entries(mirrors)) {
    const key = readPrefix(prefix);
    const to = readMirrors(urls);
    if ('wrong' in key) wrong(`has a prefix that ${key.wrong}`, key.hint);
    else if ('wrong' in to) wrong(`has a mirror that ${to.wrong}`, to.hint);
    else {
      const mirror = { prefix: key.value, urls: to.value };
      layer.mirrors.set(key.value, { value: mirror, origin: { source: 'variable', variable } });
    }
  }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
