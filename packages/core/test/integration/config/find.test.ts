import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, chown, lchown, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findConfig, PROJECT_NAMES, USER_NAMES } from '../../../src/config/find-config.js';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

describe('the file of a project', () => {
  it.each(PROJECT_NAMES)('may be called %s', async (name) => {
    await at.write({ [`work/project/${name}`]: '' });
    expect(findConfig(at.lookup())).toEqual({ project: [join(at.project, name)], user: [], foreign: [] });
  });

  it('is looked for in the directories above, and the nearest one is taken', async () => {
    await at.write({ '.vmctlrc': '', 'work/vmctl.config.yaml': '', 'work/project/deep/down/readme': '' });
    expect(findConfig(at.lookup({}, join(at.project, 'deep/down'))).project).toEqual([
      join(at.root, 'work/vmctl.config.yaml'),
    ]);
  });

  it('is package.json when that has a field vmctl', async () => {
    await at.write({ 'work/project/package.json': '{"name": "lab", "vmctl": {"parallel": 2}}' });
    expect(findConfig(at.lookup()).project).toEqual([join(at.project, 'package.json')]);
  });

  it.each([
    ['has no field vmctl', '{"name": "vmctl"}'],
    [
      'is that of a plugin, whose manifest the field is',
      '{"vmctl": {"apiVersion": 1, "entry": "./dist/plugin.js", "contributes": {}}}',
    ],
    ['is a manifest that is wrong', '{"vmctl": {"contributes": {}}}'],
    ['cannot be read', '{"vmctl": '],
    ['is a pipe, which nobody writes to', undefined],
  ])('is not a package.json that %s: the search goes on', async (_, text) => {
    await at.write({ 'work/.vmctlrc': '' });
    await mkdir(at.project, { recursive: true });
    if (text === undefined) execFileSync('mkfifo', [join(at.project, 'package.json')]);
    else await at.write({ 'work/project/package.json': text });
    expect(findConfig(at.lookup()).project).toEqual([join(at.root, 'work/.vmctlrc')]);
  });

  it('is package.json also with the mark of UTF-8, which npm passes over', async () => {
    await at.write({ 'work/project/package.json': '\ufeff{"vmctl": {"parallel": 2}}' });
    expect((await at.load())?.value('parallel')).toBe(2);
  });

  it('is no link that somebody else has put into such a directory, whosever program it leads to', async () => {
    await at.write({ 'work/tool.js': '', 'work/project/other': '' });
    const theirs = join(at.project, 'vmctl.config.js');
    await symlink(join(at.root, 'work/tool.js'), theirs);
    const own = process.getuid?.() ?? 0;
    if (own === 0) await lchown(theirs, 54_321, 54_321);
    await chmod(at.project, 0o1777);
    const lookup = { ...at.lookup(), uid: own === 0 ? 0 : 54_321 };
    expect(findConfig(lookup)).toMatchObject({ project: [], foreign: [theirs] });
  });

  it('is none that somebody else has put into a directory that everybody may write to', async () => {
    await at.write({ 'work/vmctl.config.js': '', 'work/project/vmctl.config.js': '' });
    const theirs = join(at.project, 'vmctl.config.js');
    const own = process.getuid?.() ?? 0;
    // Files of root are everybody's: where the tests run as root, the file is given away.
    if (own === 0) await chown(theirs, 54_321, 54_321);
    const lookup = { ...at.lookup(), uid: own === 0 ? 0 : 54_321 };
    expect(findConfig(lookup).project).toEqual([theirs]);
    await chmod(at.project, 0o1777);
    expect(findConfig(lookup)).toMatchObject({
      project: [join(at.root, 'work/vmctl.config.js')],
      foreign: [theirs],
    });
  });
});

describe('the file of the user', () => {
  it.each(USER_NAMES)('may be called %s', async (name) => {
    await at.write({ [`home/.config/vmctl/${name}`]: '' });
    expect(findConfig(at.lookup()).user).toEqual([join(at.user, name)]);
  });

  it('is where XDG_CONFIG_HOME says, and where VMCTL_CONFIG_DIR says before that', async () => {
    await at.write({
      'xdg/vmctl/config.json': '',
      'own/config.json': '',
      'home/.config/vmctl/config.json': '',
    });
    await at.write({ 'home/mine/config.json': '' });
    const found = (env: Readonly<Record<string, string>>) => findConfig(at.lookup(env)).user;
    const xdg = { XDG_CONFIG_HOME: join(at.root, 'xdg') };
    expect(found({ VMCTL_CONFIG_DIR: '~/mine' })).toEqual([join(at.root, 'home/mine/config.json')]);
    expect(found(xdg)).toEqual([join(at.root, 'xdg/vmctl/config.json')]);
    expect(found({ ...xdg, VMCTL_CONFIG_DIR: join(at.root, 'own') })).toEqual([
      join(at.root, 'own/config.json'),
    ]);
    expect(found({ XDG_CONFIG_HOME: 'relative' })).toEqual([join(at.user, 'config.json')]);
  });
});
