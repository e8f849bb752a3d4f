/**
 * Writes docs/reference/commands.md and packages/core/command-snapshot.json from oclif's manifest of core, which the
 * build makes. With --check it says instead what has changed since, and ends with 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { commandGroups } from '../packages/core/src/cli/command-groups.ts';
import { repositoryRoot } from './processes.mjs';

/** @typedef {{ name: string, char?: string, type: 'boolean' | 'option', description?: string, helpValue?: string, options?: string[], multiple?: boolean, allowNo?: boolean, required?: boolean, hidden?: boolean, default?: string | number | boolean, exclusive?: string[], dependsOn?: string[] }} Flag */
/** @typedef {{ name: string, description?: string, required?: boolean, options?: string[] }} Arg */
/** @typedef {{ id: string, summary?: string, description?: string, usage?: string, hidden?: boolean, strict?: boolean, aliases: string[], hiddenAliases: string[], args: Record<string, Arg>, flags: Record<string, Flag>, examples?: { description: string, command: string }[], exitStatuses?: [string, string][] }} Command */
/** @typedef {{ commands: Record<string, Command> }} Manifest */

const manifestPath = join(repositoryRoot, 'packages/core/oclif.manifest.json');
const referencePath = join(repositoryRoot, 'docs/reference/commands.md');
const snapshotPath = join(repositoryRoot, 'packages/core/command-snapshot.json');

/** @param {string} id */
const spoken = (id) => id.replaceAll(':', ' ');

/** @param {string} text */
const cell = (text) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

/** @param {Manifest} manifest */
function visible({ commands }) {
  return Object.values(commands).filter(({ hidden }) => hidden !== true);
}

/**
 * Everything about the commands that somebody may rely on, sorted.
 *
 * @param {Manifest} manifest
 */
export function commandSnapshot(manifest) {
  return visible(manifest)
    .map(({ id, aliases, hiddenAliases, args, flags, strict }) => ({
      command: spoken(id),
      aliases: [...aliases, ...hiddenAliases].map(spoken).toSorted(),
      args: Object.values(args).map(({ name, required, options }) => ({
        name,
        required: required === true,
        ...(options === undefined ? {} : { options }),
      })),
      takesMore: strict === false,
      flags: Object.values(flags)
        .filter(({ hidden }) => hidden !== true)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((flag) => ({
          name: flag.name,
          ...(flag.char === undefined ? {} : { char: flag.char }),
          type: flag.type,
          ...(flag.allowNo === true ? { allowNo: true } : {}),
          ...(flag.multiple === true ? { multiple: true } : {}),
          ...(flag.required === true ? { required: true } : {}),
          ...(flag.options === undefined ? {} : { options: flag.options }),
          ...(flag.default === undefined ? {} : { default: flag.default }),
        })),
    }))
    .toSorted((a, b) => (a.command < b.command ? -1 : 1));
}

/**
 * The page.
 *
 * @param {Manifest} manifest
 */
export async function commandReference(manifest) {
  const commands = visible(manifest).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  /** @param {string} word */
  const ofWord = (word) => commands.filter(({ id }) => id.split(':')[0] === word);
  const groups = commandGroups.map(({ title, commands: words }) => ({
    title: sentence(title),
    commands: words.flatMap(ofWord),
  }));
  const page = `# Commands

<!-- Written by scripts/command-reference.mjs from the commands themselves. -->

What \`vmctl COMMAND --help\` says, of every command. \`vmctl help\` lists them, and \`vmctl help TOPIC\` explains what they
work with. Every command takes \`--json\`, which prints JSON on stdout, and \`--help\`. Where a table below says nothing else,
the exit statuses are [those of every command](errors.md#exit-statuses).

${groups.map(({ title, commands: list }) => `- ${title}: ${list.map(link).join(', ')}`).join('\n')}

${groups.map(({ title, commands: list }) => `## ${title}\n\n${list.map(section).join('\n')}`).join('\n')}
`;
  return format(page, { parser: 'markdown' });
}

/**
 * A heading of the help, which is in capitals.
 *
 * @param {string} title
 */
function sentence(title) {
  const words = title
    .toLowerCase()
    .replaceAll('vmfile', 'VMFile')
    .replace(/\bvm(s?)\b/g, 'VM$1');
  return words.startsWith('vmctl') ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {Command} command */
function link({ id }) {
  return `[${spoken(id)}](#vmctl-${id.replaceAll(':', '-')})`;
}

/** @param {Command} command */
function section(command) {
  const { id, summary = '', description, aliases, args, flags, examples = [], exitStatuses } = command;
  const own = Object.values(flags).filter(({ name, hidden }) => hidden !== true && name !== 'json');
  const rows = [
    ...Object.values(args).map(({ name, description: text = '', options }) => [
      name.toUpperCase(),
      options === undefined ? text : `${text} (${options.join(', ')})`,
    ]),
    ...own.map((flag) => [flagWords(flag), flagText(flag)]),
  ];
  return [
    `### vmctl ${spoken(id)}`,
    summary,
    `\`\`\`\nvmctl ${usage(command)}\n\`\`\``,
    ...(description === undefined ? [] : [render(description)]),
    ...(aliases.length === 0
      ? []
      : [`Also: ${aliases.map((alias) => `\`vmctl ${spoken(alias)}\``).join(', ')}.`]),
    ...(rows.length === 0
      ? []
      : [
          table(
            ['argument or flag', 'what it is'],
            rows.map(([word, text = '']) => [`\`${word}\``, text]),
          ),
        ]),
    ...(exitStatuses === undefined ? [] : [table(['exit status', 'meaning'], exitStatuses)]),
    `\`\`\`sh\n${examples.map(({ description: text, command: line }) => `# ${text}\n${render(line)}`).join('\n\n')}\n\`\`\``,
    '',
  ].join('\n\n');
}

/** @param {Command} command */
function usage({ id, usage: own, args, strict }) {
  if (own !== undefined) return render(own).replace('<%= command.id %>', spoken(id));
  const words = Object.values(args).map(({ name, required }, index, all) => {
    const repeats = strict === false && index === all.length - 1 ? '...' : '';
    const word = `${name.toUpperCase()}${repeats}`;
    return required === true ? word : `[${word}]`;
  });
  return [spoken(id), ...words, '[FLAGS]'].join(' ');
}

/** @param {Flag} flag */
function flagWords({ name, char, type, allowNo, helpValue, options }) {
  const long = type === 'boolean' && allowNo === true ? `--[no-]${name}` : `--${name}`;
  const value = type === 'option' ? `=${options?.join('|') ?? helpValue ?? 'VALUE'}` : '';
  return `${char === undefined ? '' : `-${char}, `}${long}${value}`;
}

/** @param {Flag} flag */
function flagText({ description = '', required, default: fallback, type }) {
  const more = [
    ...(required === true ? ['required'] : []),
    ...(type === 'option' && fallback !== undefined ? [`default: ${String(fallback)}`] : []),
  ];
  return more.length === 0 ? description : `${description} (${more.join('; ')})`;
}

/** @param {string} text */
function render(text) {
  return text.replaceAll('<%= config.bin %>', 'vmctl');
}

/**
 * @param {string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/**
 * The facts of a snapshot, a line each, so that they can be compared.
 *
 * @param {ReturnType<typeof commandSnapshot>} snapshot
 */
function facts(snapshot) {
  return snapshot.flatMap(({ command, aliases, args, takesMore, flags }) => [
    `vmctl ${command}`,
    ...aliases.map((alias) => `vmctl ${command}: alias ${alias}`),
    `vmctl ${command}: arguments ${JSON.stringify(args)}${takesMore ? ' and more' : ''}`,
    ...flags.map((flag) => `vmctl ${command}: flag ${JSON.stringify(flag)}`),
  ]);
}

/**
 * What differs, a line each, with `-` for what is gone and `+` for what is new.
 *
 * @param {ReturnType<typeof commandSnapshot>} before
 * @param {ReturnType<typeof commandSnapshot>} after
 */
export function changes(before, after) {
  const [old, now] = [facts(before), facts(after)];
  return [
    ...old.filter((fact) => !now.includes(fact)).map((fact) => `- ${fact}`),
    ...now.filter((fact) => !old.includes(fact)).map((fact) => `+ ${fact}`),
  ];
}

if (process.argv[1] === import.meta.filename) {
  /** @type {Manifest} */
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8'));
  const snapshot = commandSnapshot(manifest);
  const reference = await commandReference(manifest);
  const snapshotText = await format(JSON.stringify(snapshot), { parser: 'json', printWidth: 110 });
  if (process.argv.includes('--check')) {
    const differences = changes(JSON.parse(await readFile(snapshotPath, 'utf8')), snapshot);
    const isOld = (await readFile(referencePath, 'utf8')) !== reference;
    if (differences.length > 0 || isOld) {
      process.stderr.write(
        `${[
          ...(differences.length > 0
            ? ['Commands and flags are not those of packages/core/command-snapshot.json:', ...differences]
            : ['docs/reference/commands.md is out of date.']),
          'When that is meant: npm run build && node scripts/command-reference.mjs',
        ].join('\n')}\n`,
      );
      process.exitCode = 1;
    }
  } else {
    await writeFile(referencePath, reference);
    await writeFile(snapshotPath, snapshotText);
  }
}
