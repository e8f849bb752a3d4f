import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandGroups } from '../../packages/core/src/cli/command-groups.js';
import { readCommandTree } from '../../packages/core/src/cli/completion/read-commands.js';
import { flagKind, knowsArguments } from '../../packages/core/src/cli/completion/value-kinds.js';
import { changes, commandSnapshot } from '../../scripts/command-reference.mjs';
import { vmctlCalls, wrongCall } from '../support/command-lines.js';
import { repositoryRoot } from '../support/vmctl-home.js';

const execFileAsync = promisify(execFile);
const core = join(repositoryRoot, 'packages/core');

interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly description?: string;
  readonly helpValue?: string;
  readonly options?: string[];
}
interface Example {
  readonly description: string;
  readonly command: string;
}
interface Command {
  readonly id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly aliases: string[];
  readonly hiddenAliases: string[];
  readonly args: Record<string, { readonly name: string; readonly description?: string }>;
  readonly flags: Record<string, Flag>;
  readonly examples?: Example[];
}

const manifest = JSON.parse(readFileSync(join(core, 'oclif.manifest.json'), 'utf8')) as {
  readonly commands: Record<string, Command>;
};
const commands = Object.values(manifest.commands).filter(({ hidden }) => hidden !== true);
const tree = readCommandTree([]);
const ownFlags = commands.flatMap(({ id, flags }) =>
  Object.values(flags)
    .filter(({ name }) => name !== 'json')
    .map((flag) => ({ id, flag })),
);

/** What users read. */
const pages = globSync('{README.md,docs/**/*.md,packages/core/help/*.md}', { cwd: repositoryRoot })
  .filter((path) => !path.includes('plugin-api'))
  .toSorted();

/** Flags of one name that mean different things, on purpose: their chars may differ, too. */
const sameNameOtherMeaning = ['follow', 'force', 'provision', 'name', 'yes'];
/** Flags of one meaning whose defaults differ, or what they are used for. */
const sameMeaningOtherWords = [
  ...['backend', 'disk', 'file', 'image-url', 'memory', 'timeout', 'user', 'vcpus', 'wait'],
];

describe('the commands', () => {
  it('are those of the snapshot and of the reference', async () => {
    const script = join(repositoryRoot, 'scripts/command-reference.mjs');
    const { stderr } = await execFileAsync(process.execPath, [script, '--check']);
    expect(stderr).toBe('');
  });

  it('cannot change without the snapshot noticing it', () => {
    const before = commandSnapshot(manifest);
    const after = structuredClone(before).filter(({ command }) => command !== 'image rm');
    const up = after.find(({ command }) => command === 'up');
    const name = up?.flags.find((flag) => flag.name === 'name');
    if (up === undefined || name === undefined) throw new Error('there is no vmctl up --name');
    expect(changes(before, after)).toEqual([]);
    up.flags = up.flags.filter((flag) => flag.name !== 'frozen');
    name.char = 'x';
    after.splice(
      after.findIndex(({ command }) => command === 'version'),
      1,
    );
    const said = changes(before, after);
    expect(said).toContain('- vmctl up: flag {"name":"frozen","type":"boolean"}');
    expect(said).toContain('+ vmctl up: flag {"name":"name","char":"x","type":"option","multiple":true}');
    expect(said).toContain('- vmctl version');
  });

  it.each(commands.map((command) => [command.id.replaceAll(':', ' '), command] as const))(
    'vmctl %s says what it is for, and shows it',
    (_, { id, summary = '', description = '', args, examples = [] }) => {
      expect(summary).toMatch(/^[A-Z].{5,80}\.$/);
      expect(description).not.toBe('');
      for (const arg of Object.values(args)) expect(arg.description).toMatch(/^\S/);
      expect(examples.length).toBeGreaterThan(0);
      const lines = examples.map(({ command }) => command.replaceAll('<%= config.bin %>', 'vmctl'));
      expect(lines.join('\n')).toContain(`vmctl ${id.replaceAll(':', ' ')}`);
      expect(lines.flatMap(vmctlCalls).flatMap((call) => wrongCall(call, tree) ?? [])).toEqual([]);
      for (const { description: about } of examples) expect(about).toMatch(/^\S.*[^.]$/);
    },
  );

  it('are in one group of the help each', () => {
    const grouped = commandGroups.flatMap((group) => group.commands);
    expect(new Set(grouped).size).toBe(grouped.length);
    const first = new Set(commands.map(({ id }) => id.replace(/:.*/, '')));
    expect([...first].toSorted()).toEqual(grouped.toSorted());
  });
});

describe('calls of vmctl in the documentation', () => {
  it.each(pages)('name commands and flags that there are: %s', (page) => {
    const text = readFileSync(join(repositoryRoot, page), 'utf8');
    const blocks = [...text.matchAll(/^```(?:sh|console)\n([^]*?)^```/gm)].map(([, block = '']) => block);
    const inline = [...text.matchAll(/`(vmctl [^`\n]+)`/g)].map(([, call = '']) => call);
    const calls = [...blocks, ...inline.filter((call) => !/…|\.\.\.|[A-Z]{3}|\[|,/.test(call))];
    expect(calls.flatMap(vmctlCalls).flatMap((call) => wrongCall(call, tree) ?? [])).toEqual([]);
  });

  it('would not be right with a flag or a command that is none', () => {
    const wrong = (line: string) => vmctlCalls(line).map((call) => wrongCall(call, tree));
    expect(wrong('vmctl up --nope && vmctl nope # vmctl x')).toEqual([
      'vmctl up --nope: no flag --nope',
      'vmctl nope: no such command',
    ]);
    expect(wrong('vmctl ssh web ls --nope; vmctl up --no-provision -n web')).toEqual([undefined, undefined]);
  });
});

describe('the flags', () => {
  it.each(ownFlags.map(({ id, flag }) => [`${id.replaceAll(':', ' ')} --${flag.name}`, flag] as const))(
    'of vmctl %s say what they do, in the style of all',
    (_, { description = '', type, helpValue, options }) => {
      expect(description).toMatch(/^(?:[a-z]|VM|MiB|GiB).*[^.]$/s);
      if (type === 'option' && options === undefined) expect(helpValue).toMatch(/^[[A-Z]/);
    },
  );

  it('have one char and one meaning under one name', () => {
    const byName = Map.groupBy(ownFlags, ({ flag }) => flag.name);
    for (const [name, flags] of byName) {
      if (sameNameOtherMeaning.includes(name)) continue;
      expect({ name, chars: new Set(flags.map(({ flag }) => flag.char)).size }).toEqual({ name, chars: 1 });
      const texts = new Set(flags.map(({ flag }) => `${flag.description} ${flag.helpValue}`));
      if (sameMeaningOtherWords.includes(name)) continue;
      expect({ name, texts: [...texts] }).toEqual({ name, texts: [[...texts][0]] });
    }
  });

  it('are exempt from that only where they differ', () => {
    const exempt = [...sameNameOtherMeaning, ...sameMeaningOtherWords];
    const differing = exempt.filter((name) => {
      const flags = ownFlags.filter(({ flag }) => flag.name === name);
      return new Set(flags.map(({ flag }) => `${flag.char} ${flag.description} ${flag.helpValue}`)).size > 1;
    });
    expect(differing).toEqual(exempt);
  });
});

describe('completion', () => {
  it('reads every command from the manifest', () => {
    expect(tree.commands.map(({ id }) => id).toSorted()).toEqual(Object.keys(manifest.commands).toSorted());
  });

  it('knows what the arguments of every command are', () => {
    const unknown = tree.commands.filter(
      (command) => Object.keys(command.args).length > 0 && !knowsArguments(command),
    );
    // A new one belongs into packages/core/src/cli/completion/value-kinds.ts.
    expect(unknown.map(({ id }) => id)).toEqual([]);
  });

  it('knows what the values of flags are that name things or paths', () => {
    const named = tree.commands.flatMap((command) =>
      Object.values(command.flags)
        .filter(({ type, helpValue = '' }) => type === 'option' && /^(?:PATH|DIR|STEP)$/.test(helpValue))
        .map((flag) => ({ flag: `${command.id} --${flag.name}`, kind: flagKind(command, flag) })),
    );
    const unknown = named.filter(({ kind }) => kind === 'unknown').map(({ flag }) => flag);
    // Of a path in the guest nothing is known here.
    expect(unknown).toEqual(['exec --workdir']);
  });
});

it('has one script a shell, each shipped with the package', () => {
  expect(readdirSync(join(core, 'completion')).toSorted()).toEqual(['vmctl.bash', 'vmctl.fish', 'vmctl.zsh']);
  const { files } = JSON.parse(readFileSync(join(core, 'package.json'), 'utf8')) as { files: string[] };
  expect(files).toEqual(expect.arrayContaining(['/completion', '/help']));
});
