import { describe, expect, it } from '@jest/globals';
import { type KnownCommands, unknownCommand } from '../../../src/cli/unknown-command.js';

const command = (id: string, more: Partial<KnownCommands['commands'][number]> = {}) => ({
  id,
  aliases: [],
  flags: {},
  args: {},
  ...more,
});

const known: KnownCommands = {
  commands: [
    command('list'),
    command('up', { flags: { name: {} } }),
    command('ssh', { strict: false }),
    command('image:list'),
    command('image:pull', { strict: false }),
    command('plugins', { aliases: ['plugins:list'] }),
    command('plugins:install', { strict: false }),
    command('plugins:uninstall', { strict: false }),
    command('secret', { hidden: true }),
  ],
  topics: [{ name: 'image' }, { name: 'plugins' }],
};

function said(words: string, rest: readonly string[] = []) {
  const { message, hint, code } = unknownCommand(words.split(' '), rest, known);
  return { message, hint, code };
}

describe('a word that is no command', () => {
  it('brings up the near one', () => {
    expect(said('lst')).toEqual({
      code: 'VMCTL_USAGE',
      message: 'There is no command `vmctl lst`.',
      hint: 'Did you mean `vmctl list`?',
    });
  });

  it('is mended in the middle, and the words after it stay', () => {
    expect(said('plugin instal @acme/x', ['--run-scripts']).hint).toBe(
      'Did you mean `vmctl plugins install @acme/x --run-scripts`?',
    );
    expect(said('plugins instal').message).toBe('There is no command `vmctl plugins instal`.');
  });

  it('is quoted where a shell would take it apart', () => {
    expect(said('shs web', ['a b']).hint).toBe("Did you mean `vmctl ssh web 'a b'`?");
  });

  it('keeps no words that the near command does not take', () => {
    expect(said('lits web').hint).toBe('Did you mean `vmctl list`?');
  });

  it.each([
    ['ls', 'vmctl list'],
    ['shell web', 'vmctl ssh web'],
    ['images', 'vmctl image list'],
    ['plugins rm acme', 'vmctl plugins uninstall acme'],
  ])('is known from other tools: %s', (words, suggestion) => {
    expect(said(words).hint).toBe(`Did you mean \`${suggestion}\`?`);
  });

  it('leads to the list when nothing is near', () => {
    expect(said('frobnicate').hint).toBe('See which there are: vmctl help');
    expect(said('image frobnicate')).toMatchObject({
      message: 'There is no command `vmctl image frobnicate`.',
      hint: 'See which there are: vmctl image --help',
    });
  });

  it('never brings up what is hidden', () => {
    expect(said('secrt').hint).toBe('See which there are: vmctl help');
  });
});

describe('a word too many', () => {
  it('is said to be one', () => {
    expect(said('list extra')).toMatchObject({
      message: '`vmctl list` takes no arguments, and got `extra`.',
      hint: 'vmctl list --help',
    });
  });

  it('is taken for a VM where a flag names VMs', () => {
    expect(said('up web db').hint).toBe('Name a VM with --name: vmctl up --name web --name db');
  });
});

it('says that flags come after the command', () => {
  expect(said('--json')).toMatchObject({
    message: '`--json` stands where a command has to be.',
    hint: expect.stringContaining('vmctl COMMAND --json'),
  });
});
