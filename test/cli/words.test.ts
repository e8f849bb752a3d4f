import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPlugin } from '../support/third-party-plugin.js';
import { repositoryRoot, VmctlHome } from '../support/vmctl-home.js';

let home: VmctlHome;

beforeAll(async () => {
  home = await VmctlHome.create();
  await installAcme();
});
afterAll(async () => {
  await home.remove();
});

/** A plugin with commands of its own, written for oclif and nothing else. */
async function installAcme(): Promise<void> {
  const root = await installPlugin(home, {
    name: '@acme/commands',
    fields: { oclif: { commands: './commands', topicSeparator: ' ' } },
  });
  await mkdir(join(root, 'node_modules/@oclif'), { recursive: true });
  await symlink(join(repositoryRoot, 'node_modules/@oclif/core'), join(root, 'node_modules/@oclif/core'));
  await mkdir(join(root, 'commands/acme'), { recursive: true });
  const command = (name: string, body: string) =>
    writeFile(
      join(root, `commands/acme/${name}.js`),
      `import { Args, Command, Flags } from '@oclif/core';
export default class extends Command {
  static summary = 'What acme ${name} does.';
  static args = { target: Args.string() };
  static flags = { speed: Flags.option({ options: ['slow', 'fast'] })(), force: Flags.boolean() };
  async run() { const { args } = await this.parse(); ${body} }
}`,
    );
  await command('deploy', 'this.log("deployed " + args.target);');
  await command(
    'refuse',
    'this.error("the moon is full", { exit: 17, code: "ACME_MOON", suggestions: ["Wait."] });',
  );
  await command('leave', 'this.exit(9);');
  await command('break', 'undefined.moon;');
}

/** What vmctl said on stderr, and how it ended; nothing of it may look like oclif. */
async function said(...words: readonly string[]) {
  const { code, stdout, stderr } = await home.vmctl(...words);
  expect(stderr).not.toMatch(/›|See more help|CLIError|at async/);
  return { code, stdout, lines: stderr.split('\n').slice(0, -1) };
}

describe('what vmctl does not understand', () => {
  it.each([
    [['lst'], 'There is no command `vmctl lst`.', 'Did you mean `vmctl list`?'],
    [
      ['forward', 'ad', 'web', '8080:80'],
      'There is no command `vmctl forward ad`.',
      'Did you mean `vmctl forward add web 8080:80`?',
    ],
    [
      ['plugin', 'instal', '@acme/x'],
      'There is no command `vmctl plugin`.',
      'Did you mean `vmctl plugins install @acme/x`?',
    ],
    [['image', 'foo'], 'There is no command `vmctl image foo`.', 'See which there are: vmctl image --help'],
    [['nonsense', '--help'], 'There is no command `vmctl nonsense`.', 'See which there are: vmctl help'],
    [
      ['stop', '--forse'],
      '`vmctl stop` has no flag `--forse`.',
      'Did you mean `--force`? More: vmctl stop --help',
    ],
    [
      ['create', 'web'],
      '`vmctl create` takes no arguments, and got `web`.',
      'Name a VM with --name: vmctl create --name web',
    ],
    [
      ['wait', '--for', 'redy'],
      '`vmctl wait`: `--for` is one of ready, running, stopped, not `redy`.',
      'Did you mean `ready`? More: vmctl wait --help',
    ],
    [['plugins', 'create'], '`vmctl plugins create` needs NAME.', 'vmctl plugins create --help'],
    [
      ['create'],
      '`vmctl create`: `--image` or `--image-url` is missing; `--name` is missing.',
      'vmctl create --help',
    ],
    [
      ['up', '-j', 'many'],
      '`vmctl up`: `--parallel` is a whole number, 1 or more, not `many`.',
      'vmctl up --help',
    ],
    [
      ['help', 'networkin'],
      'There is no command and no topic `networkin`.',
      'Did you mean `vmctl help networking`?',
    ],
    [['help', 'lst'], 'There is no command `vmctl lst`.', 'Did you mean `vmctl list`?'],
  ])('is said in its own words: %j', async (words, message, hint) => {
    expect(await said(...words)).toEqual({
      code: 2,
      stdout: '',
      lines: [`Error: ${message}`, '[VMCTL_USAGE]', `Try: ${hint}`],
    });
  });

  it.each([
    [['lst'], 'There is no command `vmctl lst`.'],
    [['stop', '--forse'], '`vmctl stop` has no flag `--forse`.'],
    [['image', 'list', 'x'], '`vmctl image list` takes no arguments, and got `x`.'],
    [['help', 'nonsense'], 'There is no command `vmctl nonsense`.'],
  ])('is the error document with --json: %j', async (words, message) => {
    const { code, stdout, stderr } = await home.vmctl(...words, '--json');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'VMCTL_USAGE', message } });
  });

  it('is never asked about, whatever a terminal could answer', async () => {
    const command = home.start(['lst'], { input: null });
    expect(await command.done).toMatchObject({ code: 2 });
  });
});

describe('commands of plugins', () => {
  it('run as they did for oclif', async () => {
    expect(await said('acme', 'deploy', 'moon')).toEqual({ code: 0, stdout: 'deployed moon\n', lines: [] });
    expect((await said('acme', 'deploy', '--help')).stdout).toContain('What acme deploy does.');
    expect((await said('--help')).stdout).toMatch(/^MORE COMMANDS\n {2}acme /m);
  });

  it('have their mistyped words explained as well', async () => {
    expect(await said('acme', 'deploi', 'moon')).toMatchObject({
      code: 2,
      lines: expect.arrayContaining(['Try: Did you mean `vmctl acme deploy moon`?']),
    });
    expect(await said('acme', 'deploy', '--forse')).toMatchObject({
      code: 2,
      lines: [
        'Error: `vmctl acme deploy` has no flag `--forse`.',
        '[VMCTL_USAGE]',
        'Try: Did you mean `--force`? More: vmctl acme deploy --help',
      ],
    });
    expect(await said('acme', 'deploy', '--speed', 'fst')).toMatchObject({
      code: 2,
      lines: expect.arrayContaining([
        'Error: `vmctl acme deploy`: `--speed` is one of slow, fast, not `fst`.',
      ]),
    });
  });

  it('keep their own errors and exit statuses', async () => {
    expect(await said('acme', 'refuse')).toEqual({
      code: 17,
      stdout: '',
      lines: ['Error: the moon is full', '[ACME_MOON]', 'Try: Wait.'],
    });
    expect(await said('acme', 'leave')).toEqual({ code: 9, stdout: '', lines: [] });
  });

  it('are named when they break', async () => {
    expect(await said('acme', 'break')).toMatchObject({
      code: 1,
      lines: [
        expect.stringContaining('The command `vmctl acme break` of the plugin @acme/commands failed:'),
        '[VMCTL_PLUGIN_FAILED]',
      ],
    });
  });
});

describe('vmctl help', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])('lists commands and topics: %j', async (words) => {
    const { code, stdout } = await said(...words);
    expect(code).toBe(0);
    expect(stdout.indexOf('  up ')).toBeLessThan(stdout.indexOf('  plugins '));
    expect(stdout).toMatch(/^TOPICS\n {2}vmfile /m);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('shows a topic, and where the command of the same name is explained', async () => {
    const { code, stdout } = await said('help', 'plugins');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Plugins\n/);
    expect(stdout).toContain('The command of this name: vmctl plugins --help');
    const markdown = await readFile(join(repositoryRoot, 'packages/core/help/plugins.md'), 'utf8');
    expect(await home.json('help', 'plugins')).toMatchObject({ topic: 'plugins', markdown });
  });

  it('explains a command as --help does', async () => {
    const { stdout } = await said('help', 'image', 'prune');
    expect(stdout).toBe((await said('image', 'prune', '--help')).stdout);
    expect(stdout).toMatch(/^Remove the images that no VM needs\.\n\nUSAGE/);
    expect((await said('help', 'exec')).stdout).toMatch(/^EXIT STATUS\n {2}N +that of the command$/m);
  });

  it('gives what it says of a command as JSON', async () => {
    expect(await home.json('help', 'image', 'pull')).toMatchObject({
      command: 'image pull',
      flags: expect.arrayContaining([expect.objectContaining({ name: 'sha256', type: 'option' })]),
      examples: expect.arrayContaining([
        expect.objectContaining({ command: expect.stringMatching(/^vmctl /) }),
      ]),
    });
    expect(await home.json('help', 'exec')).toMatchObject({
      exitStatuses: expect.arrayContaining([{ status: '255', meaning: 'vmctl could not run it' }]),
    });
    expect(await home.json('help', 'forward')).toMatchObject({
      commands: [{ name: 'forward add' }, { name: 'forward remove' }],
      topics: [],
    });
  });

  it('lists both as JSON', async () => {
    expect(await home.json('help')).toMatchObject({
      commands: expect.arrayContaining([{ name: 'image list', summary: 'List the images of the cache.' }]),
      topics: expect.arrayContaining([{ name: 'vmfile', summary: expect.any(String) }]),
    });
  });
});

describe('vmctl version', () => {
  it('is one line, in any of its forms', async () => {
    const { stdout } = await said('version');
    expect(stdout).toMatch(/^@vmctl\/core\/\S+ \S+ node-v\S+\n$/);
    for (const flag of ['--version', '-v']) expect((await said(flag)).stdout).toBe(stdout);
  });

  it('tells the plugins when it is asked for more', async () => {
    expect((await said('version', '--verbose')).stdout).toMatch(/^plugin +@acme\/commands\/1\.0\.0$/m);
    expect(await home.json('version', '--verbose')).toMatchObject({
      cliVersion: expect.stringMatching(/^@vmctl\/core\//),
      nodeVersion: `node-${process.version}`,
      plugins: [{ name: '@acme/commands', version: '1.0.0', origin: 'user' }],
    });
    expect(Object.keys((await home.json('version')) as object)).toEqual([
      'cliVersion',
      'architecture',
      'nodeVersion',
    ]);
  });
});
