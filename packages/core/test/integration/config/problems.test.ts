import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ConfigProblems } from '../../../src/config/problem.js';
import { runProgramConfig } from '../../../src/config/program-config.js';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

afterEach(() => {
  jest.restoreAllMocks();
});

/** The message for a project's file of that text. */
async function messageOf(text: string, name = 'vmctl.config.yaml'): Promise<string> {
  await at.write({ [`work/project/${name}`]: text });
  const error = await at.failure();
  expect(error).toMatchObject({ code: 'VMCTL_CONFIG_INVALID' });
  return error.message.replaceAll(`${at.project}/`, '');
}

describe('a configuration that is wrong', () => {
  it('shows the place, the line and what is meant', async () => {
    await expect(messageOf('bridge: br0\nparalel: 3\n')).resolves.toBe(
      [
        'The configuration has a problem:',
        '',
        'vmctl.config.yaml:2:1: unknown setting "paralel"',
        '  2 | paralel: 3',
        '    | ^^^^^^^',
        '  hint: Did you mean "parallel"?',
      ].join('\n'),
    );
  });

  it('says everything at once, of files and of variables, as text and as data', async () => {
    await at.write({
      'work/project/vmctl.config.json': '{\n  "parallel": 0,\n  "timeouts": { "stop": "5" }\n}\n',
      'home/.config/vmctl/config.yaml': 'dataDir: [a]\n',
    });
    const { message, details } = await at.failure({ VMCTL_READY_TIMEOUT: 'soon' });
    expect(message).toContain('The configuration has 4 problems');
    expect(message).toContain(
      'The environment variable VMCTL_READY_TIMEOUT must be a whole number of seconds from 1 to 86400, not "soon"',
    );
    const project = join(at.project, 'vmctl.config.json');
    expect(details).toMatchObject({
      count: 4,
      problems: [
        { variable: 'VMCTL_READY_TIMEOUT', message: expect.stringContaining('not "soon"') },
        { file: project, line: 2, column: 15, key: 'parallel', message: expect.stringContaining('not 0') },
        { file: project, line: 3, column: 25, key: 'timeouts.stop', hint: 'Write it without quotes: 5' },
        { file: join(at.user, 'config.yaml'), line: 1, column: 10, key: 'dataDir' },
      ],
    });
  });

  it.each([
    ['backend: "no name"', '"backend" must be the name of a backend, not "no name"'],
    ['bridge: this-name-is-too-long', '"bridge" must be the name of a network link'],
    ['timeouts: 5', '"timeouts" must be a group of settings, not 5'],
    ['[1]', 'the configuration must be a group of settings, not a list'],
    ['timeouts: { redy: 1 }', 'Did you mean "ready"?'],
    ['stop: 5', 'It belongs at "timeouts.stop".'],
    ['dataDir: ~root/x', 'names the home directory of another user'],
    ['images: { mirrors: { nowhere: https://a.example/ } }', 'the prefix in "images.mirrors" must be a URL'],
    [
      'images: { mirrors: { "https://u:p@a.example/": https://b.example/ } }',
      'has a login, which no prefix needs',
    ],
    ['images: { mirrors: { "https://a.example/": [] } }', 'must name a URL, and is an empty list'],
    [
      'images: { mirrors: { "https://a.example/": [https://b.example/, 5] } }',
      '"images.mirrors["https://a.example/"][1]" must be a URL',
    ],
    ['backends: { qemu: kvm }', '"backends.qemu" must be a group of settings, not "kvm"'],
    ['$import: other.yaml', 'unknown setting "$import"'],
    ['parallel: 1\nparallel: 2\n', ':2:1: map keys must be unique'],
    ['timeouts: { ready: 1', 'vmctl.config.yaml:1:'],
    ['backend: *nobody', 'unresolved alias'],
  ])('refuses %j', async (text, expected) => {
    await expect(messageOf(text)).resolves.toContain(expected);
  });

  it('hides the passwords of mirrors', async () => {
    const message = await messageOf(
      'images: { mirrors: { "https://a.example/": "https://u:secret@b.example/?x" } }',
    );
    expect(message).toContain('must be a URL that can stand in place of the prefix');
    expect(message).not.toContain('secret');
  });

  it('names the file and the setting where there is no text to show', async () => {
    await at.write({ 'work/project/vmctl.config.mjs': 'export default { timeouts: { stop: -1 } }' });
    const { message, details } = await at.failure();
    expect(message).toContain('vmctl.config.mjs: "timeouts.stop" must be a whole number of seconds');
    expect(details).toMatchObject({ problems: [{ key: 'timeouts.stop' }] });
  });

  it.each([
    ['vmctl.config.mjs', '\nconst of = {};\nof.a.b();\n', 'vmctl.config.mjs:3:'],
    [
      'vmctl.config.cjs',
      'module.exports = {};\nthrow new Error("mine");\n',
      'vmctl.config.cjs:2:7: the program fails: mine',
    ],
    ['vmctl.config.mjs', 'export default {\n', 'vmctl.config.mjs: the program fails'],
  ])('says where the program %s fails', async (name, text, expected) => {
    await expect(messageOf(text, name)).resolves.toContain(expected);
  });

  it('does not let a program end the process, which would look like success', async () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never); // does not end this
    await expect(messageOf('process.exit(0);', 'vmctl.config.mjs')).resolves.toContain(
      'vmctl.config.mjs:1:9: the program fails: it calls process.exit',
    );
    expect(exit).not.toHaveBeenCalled();
    process.exit(3);
    expect(exit).toHaveBeenCalledWith(3);
  });

  it('says that a program exports nothing', async () => {
    await expect(messageOf('export const parallel = 2;', 'vmctl.config.mjs')).resolves.toContain(
      'the program exports no settings',
    );
  });

  it('is two files in one directory: neither is meant more than the other', async () => {
    await at.write({ 'work/project/.vmctlrc': 'parallel: 1', 'work/project/vmctl.config.json': '{}' });
    const { message } = await at.failure();
    expect(message).toContain('more than one file of configuration');
    expect(message).toContain('vmctl.config.json, .vmctlrc');
  });

  it('is a file that is not text', async () => {
    await at.write({ 'work/project/other': '' });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(at.project, '.vmctlrc'), Buffer.from([0xff, 0xfe, 0x00]));
    expect((await at.failure()).message).toContain('.vmctlrc: the file is not UTF-8 text');
  });

  it.each(['vmctl.config.yaml', 'vmctl.config.mjs'])(
    'is a pipe in the place of %s: it is not waited for',
    async (name) => {
      await at.write({ 'work/project/other': '' });
      execFileSync('mkfifo', [join(at.project, name)]);
      expect((await at.failure()).message).toContain(`${name}: it is not a file`);
    },
  );

  it('is a file that no hand has written', async () => {
    await expect(messageOf(`# ${'x'.repeat(1024 * 1024)}`)).resolves.toContain('larger than 1 MiB');
  });

  it.each([
    ['a function', 'export default () => new Promise(() => undefined);'],
    ['the module', 'await new Promise(() => undefined); export default {};'],
  ])('is a program that never ends: %s', async (_, text) => {
    await at.write({ 'work/project/vmctl.config.mjs': text });
    const problems = new ConfigProblems();
    const where = { scope: 'project', path: join(at.project, 'vmctl.config.mjs') } as const;
    await expect(runProgramConfig(where, problems, { timeoutMs: 20 })).resolves.toBeUndefined();
    expect(problems.all).toMatchObject([
      { message: 'the program fails: it has not ended after 0.02 seconds' },
    ]);
  });

  it('is nothing that package.json has beside its field vmctl', async () => {
    await at.write({
      'work/project/package.json': '{"scripts": {"a": "1", "a": "2"}, "vmctl": {"parallel": 2}}',
    });
    expect((await at.load())?.value('parallel')).toBe(2);
    await expect(messageOf('{"vmctl": {"parallel": 2, "parallel": 3}}', 'package.json')).resolves.toContain(
      'package.json:1:27: map keys must be unique',
    );
  });

  it('says in words of its own that there are several documents', async () => {
    await expect(messageOf('parallel: 1\n---\nparallel: 2\n')).resolves.toContain(
      'vmctl.config.yaml:2:1: a second document begins here',
    );
  });

  it('keeps what is right for those who want to know all the same', async () => {
    await at.write({ 'work/project/vmctl.config.yaml': 'parallel: 2\nbridge: "?"\n' });
    const configuration = await at.inspect();
    expect(configuration?.value('parallel')).toBe(2);
    expect(configuration?.value('bridge')).toBeUndefined();
    expect(configuration?.problems).toHaveLength(1);
  });
});
