import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

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

  it('keeps what is right for those who want to know all the same', async () => {
    await at.write({ 'work/project/vmctl.config.yaml': 'parallel: 2\nbridge: "?"\n' });
    const configuration = await at.inspect();
    expect(configuration?.value('parallel')).toBe(2);
    expect(configuration?.value('bridge')).toBeUndefined();
    expect(configuration?.problems).toHaveLength(1);
  });
});
