import { describe, expect, it } from '@jest/globals';
import type { CommandModel, CommandTree, FlagModel } from '../../../../src/cli/completion/command-model.js';
import { complete, type FindValues, type ValueContext } from '../../../../src/cli/completion/complete.js';

const flag = (name: string, more: Partial<FlagModel> = {}): FlagModel => ({ name, type: 'boolean', ...more });
const option = (name: string, more: Partial<FlagModel> = {}): FlagModel =>
  flag(name, { type: 'option', ...more });

function command(
  id: string,
  flags: readonly FlagModel[] = [],
  more: Partial<CommandModel> = {},
): CommandModel {
  const named = Object.fromEntries([...flags, flag('json')].map((known) => [known.name, known]));
  return { id, summary: `about ${id}`, aliases: [], args: {}, flags: named, ...more };
}

const several = { args: { name: {} }, strict: false };
const file = option('file', { char: 'f', helpValue: 'PATH' });
const name = option('name', { char: 'n', multiple: true });
const tree: CommandTree = {
  topics: { image: 'the cache' },
  commands: [
    command('up', [file, name, flag('wait', { allowNo: true }), flag('secret', { hidden: true })], several),
    command('provision', [file, name, option('only', { multiple: true })], several),
    command('stop', [], several),
    command('console', [], { args: { name: {} } }),
    command('wait', [option('for', { options: ['ready', 'running'] })], several),
    command('ssh', [option('user')], several),
    command('exec', [option('workdir', { char: 'w', helpValue: 'PATH' })], several),
    command('cp', [], { args: { source: {}, destination: {} }, strict: false }),
    command('fmt', [], { args: { files: {} }, strict: false }),
    command('image:list', [], { hiddenAliases: ['image ls'] }),
    command('image:remove', [], { args: { image: {} }, strict: false }),
    command('plugins', [], { aliases: ['plugins:list'] }),
    command('plugins:link', [], { args: { path: {} } }),
    command('hidden', [], { hidden: true }),
    command('acme:deploy', [], { args: { target: {} } }),
  ],
};

const asked: ValueContext[] = [];
const find: FindValues = (kind, context) => {
  asked.push(context);
  const values: Partial<Record<string, readonly string[]>> = {
    vm: ['web', 'db'],
    'declared-vm': ['app'],
    step: ['setup'],
    image: ['debian.qcow2'],
  };
  return Promise.resolve((values[kind] ?? []).map((word) => ({ word, about: '' })));
};

/** What completes this line, whose last word is being typed. */
async function completed(line: string) {
  const { candidates, ...rest } = await complete(line.split(' ').slice(1), tree, find);
  return { ...rest, words: candidates.map(({ word }) => word) };
}
const words = async (line: string): Promise<readonly string[]> => (await completed(line)).words;

describe('completion of commands', () => {
  it('has the visible ones, sorted, with what they do', async () => {
    const { candidates } = await complete([''], tree, find);
    expect(candidates.map(({ word }) => word)).toEqual(
      'acme console cp exec fmt image plugins provision ssh stop up wait'.split(' '),
    );
    expect(candidates).toContainEqual({ word: 'image', about: 'the cache' });
    expect(candidates).toContainEqual({ word: 'up', about: 'about up' });
  });

  it.each([
    ['vmctl st', ['stop']],
    ['vmctl image ', ['list', 'remove']],
    ['vmctl plugins ', ['link', 'list']],
    ['vmctl nonsense ', []],
  ])('%s', async (line, expected) => {
    expect(await words(line)).toEqual(expected);
  });
});

describe('completion of flags', () => {
  it.each([
    ['vmctl up -', ['--file', '--name', '--wait', '--no-wait', '--json']],
    ['vmctl up --file x --name a -', ['--name', '--wait', '--no-wait', '--json']],
    ['vmctl up --n', ['--name', '--no-wait']],
    ['vmctl image ls -', ['--json']],
    ['vmctl wait --for ', ['ready', 'running']],
    ['vmctl wait --for=r', ['--for=ready', '--for=running']],
    ['vmctl up --wait=', []],
    ['vmctl up ', ['app']],
    ['vmctl up --name ', ['app']],
    ['vmctl up -n ', ['app']],
    ['vmctl provision --only s', ['setup']],
  ])('%s', async (line, expected) => {
    expect(await words(line)).toEqual(expected);
  });

  it('leaves paths to the shell', async () => {
    expect(await completed('vmctl up --file ')).toEqual({ words: [], paths: 'files' });
    expect(await completed('vmctl up --file=')).toEqual({ words: [], paths: 'files' });
    expect(await completed('vmctl fmt ')).toEqual({ words: [], paths: 'files' });
    expect(await completed('vmctl plugins link ')).toEqual({ words: [], paths: 'directories' });
    // What is in the guest is not known here.
    expect(await completed('vmctl exec -w ')).toEqual({ words: [] });
  });

  it('looks for steps in the VMFile, and of the VMs, that were named', async () => {
    asked.length = 0;
    await words('vmctl provision --file lab.kdl -n web --name=db -nx --only ');
    expect(asked).toEqual([{ file: 'lab.kdl', names: ['web', 'db', 'x'], args: [] }]);
    asked.length = 0;
    await words('vmctl provision web --only ');
    expect(asked).toMatchObject([{ names: ['web'] }]);
  });
});

describe('completion of names', () => {
  it.each([
    ['vmctl stop ', ['web', 'db']],
    ['vmctl stop w', ['web']],
    ['vmctl stop web ', ['db']],
    ['vmctl stop -- ', ['web', 'db']],
    ['vmctl console ', ['web', 'db']],
    ['vmctl console web ', []],
    ['vmctl image remove ', ['debian.qcow2']],
  ])('%s', async (line, expected) => {
    expect(await words(line)).toEqual(expected);
  });

  it('leaves the command of a guest alone', async () => {
    expect(await words('vmctl ssh ')).toEqual(['web', 'db']);
    expect(await words('vmctl ssh web -')).toEqual(['--user', '--json']);
    expect(await words('vmctl ssh --user vm web ls -')).toEqual([]);
    expect(await words('vmctl exec web -- ')).toEqual([]);
    expect(await words('vmctl exec web -- -')).toEqual([]);
  });

  it('offers VMs with a colon beside files where a file may be in a guest', async () => {
    expect(await completed('vmctl cp ')).toEqual({ words: ['web:', 'db:'], paths: 'files', goesOn: true });
    expect(await completed('vmctl cp site w')).toEqual({ words: ['web:'], paths: 'files', goesOn: true });
    expect(await completed('vmctl cp web:/sr')).toEqual({ words: [] });
  });

  it('takes an argument that it does not know for a file', async () => {
    expect(await completed('vmctl acme deploy ')).toEqual({ words: [], paths: 'files' });
  });
});
