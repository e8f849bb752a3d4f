import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../host/json-object.js';
import type { InstalledPackage } from '../../plugins/installed-plugins.js';
import type { CommandModel, CommandTree, FlagModel } from './command-model.js';

/** Core's directory, from dist/cli/completion and src/cli/completion alike. */
const CORE = join(import.meta.dirname, '../../..');

/**
 * All commands, from the manifests that oclif writes when a package is built: nothing is imported. A plugin without a
 * manifest has no commands here.
 */
export function readCommandTree(plugins: readonly InstalledPackage[]): CommandTree {
  const own = packageCommands(CORE);
  const others = plugins
    .filter(({ content }) => isJsonObject(content['oclif']) && content['oclif']['commands'] !== undefined)
    .map(({ root }) => packageCommands(root));
  const all = [own, ...others];
  return {
    commands: all.flatMap(({ commands }) => commands),
    topics: Object.assign({}, ...all.map(({ topics }) => topics).toReversed()) as Record<string, string>,
  };
}

function packageCommands(root: string): CommandTree {
  const commands = readObject(join(root, 'oclif.manifest.json'))['commands'];
  const { oclif } = readObject(join(root, 'package.json'));
  const topics = isJsonObject(oclif) && isJsonObject(oclif['topics']) ? oclif['topics'] : {};
  return {
    commands: isJsonObject(commands)
      ? Object.values(commands).flatMap((value) => readCommand(value) ?? [])
      : [],
    topics: Object.fromEntries(
      Object.entries(topics).flatMap(([name, topic]) =>
        isJsonObject(topic) && typeof topic['description'] === 'string' ? [[name, topic['description']]] : [],
      ),
    ),
  };
}

function readObject(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // what cannot be read has nothing to complete
  }
}

/** A command of a manifest; undefined for what is none. */
function readCommand(value: unknown): CommandModel | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, summary, description, hidden, strict, aliases, hiddenAliases, args, flags } = value;
  if (typeof id !== 'string') return undefined;
  return {
    id,
    summary: textOf(summary),
    description: textOf(description),
    hidden: hidden === true,
    strict: strict !== false,
    aliases: textsOf(aliases),
    hiddenAliases: textsOf(hiddenAliases),
    args: isJsonObject(args) ? Object.fromEntries(Object.keys(args).map((name) => [name, {}])) : {},
    flags: isJsonObject(flags)
      ? Object.fromEntries(Object.entries(flags).flatMap(([name, flag]) => readFlag(name, flag)))
      : {},
  };
}

function readFlag(name: string, value: unknown): [string, FlagModel][] {
  if (!isJsonObject(value)) return [];
  const { type, char, summary, description, hidden, allowNo, multiple, options, helpValue } = value;
  const flag: FlagModel = {
    name,
    type: type === 'option' ? 'option' : 'boolean',
    char: textOf(char),
    summary: textOf(summary),
    description: textOf(description),
    hidden: hidden === true,
    allowNo: allowNo === true,
    multiple: multiple === true,
    options: Array.isArray(options) ? textsOf(options) : undefined,
    helpValue: textOf(helpValue),
  };
  return [[name, flag]];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
