import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoopProject } from '../support/noop-project.js';
import { breakPackageJson, installPlugin } from '../support/third-party-plugin.js';

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web', 'provision "shell" { inline "true" }'));
});
afterAll(async () => {
  await project.remove();
});

interface Finding {
  readonly title: string;
  readonly status: string;
  readonly detail?: string;
  readonly fix?: string;
}

async function findingOf(plugin: string): Promise<Finding | undefined> {
  const { findings } = (await project.home.json('doctor')) as { findings: Finding[] };
  return findings.find(({ title }) => title === plugin || title.startsWith(`${plugin} `));
}

/** Commands that need no plugin at all, and one that needs others. */
async function expectNoTrace(): Promise<void> {
  expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
  expect(await project.vmctl('--help')).toMatchObject({ code: 0, stderr: '' });
  expect(await project.home.json('list')).toMatchObject({ vms: expect.anything() });
  const up = await project.vmctl('up', '--json');
  expect({ code: up.code, stderr: up.stderr }).toEqual({ code: 0, stderr: '' });
  const events = up.stdout
    .trimEnd()
    .split('\n')
    .map((line): { type: string } => JSON.parse(line));
  expect(events.map(({ type }) => type)).not.toContain('warning');
  expect(events.at(-1)).toMatchObject({ type: 'run.finished', ok: true });
}

describe('a plugin whose package cannot be read', () => {
  afterEach(async () => {
    expect(await project.vmctl('plugins', 'uninstall', 'broken')).toMatchObject({ code: 0 });
    expect(await findingOf('broken')).toBeUndefined();
    await rm(join(project.home.root, 'checkouts'), { recursive: true, force: true });
  });

  it.each([
    ['is not JSON', 'is not JSON'],
    ['is empty', 'is not JSON'],
    ['is a list', 'it is not a JSON object'],
    ['is null', 'it is not a JSON object'],
    ['has no name', 'has no name'],
    ['has an oclif field that is a text', '"oclif"'],
    ['is a directory', 'is a directory, and no file'],
    ['is gone', 'there is no'],
    ['is gone with its directory', 'there is no'],
  ])('hinders nothing when its package.json %s, and doctor says how to mend it', async (how, why) => {
    const root = await installPlugin(project.home, {
      name: 'broken',
      contributes: { provisioners: ['odd'], up: true },
    });
    await breakPackageJson(root, how);
    await expectNoTrace();
    expect(await findingOf('broken')).toMatchObject({
      status: 'error',
      detail: expect.stringContaining(why),
      fix: expect.stringContaining('vmctl plugins install broken'),
    });
    expect(await project.vmctl('doctor')).toMatchObject({ code: 3, stderr: '' });
  });

  it('hinders nothing when it is linked and its directory is gone', async () => {
    const root = await installPlugin(project.home, { name: 'broken', type: 'link' });
    await rm(root, { recursive: true });
    await expectNoTrace();
    expect(await findingOf('broken')).toMatchObject({
      detail: expect.stringContaining(root),
      fix: expect.stringContaining('vmctl plugins unlink broken'),
    });
  });

  it('is named when something is needed that nobody else brings', async () => {
    const root = await installPlugin(project.home, {
      name: 'broken',
      contributes: { provisioners: ['odd'] },
    });
    await breakPackageJson(root, 'is gone');
    const file = await project.home.write(project.vm('other', 'provision "odd"'), 'odd.kdl');
    const { code, stdout, stderr } = await project.vmctl('up', '--file', file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.match(/broken/g)).toHaveLength(1);
    expect(stderr).toContain('vmctl doctor');
  });

  it('is one whose commands oclif cannot read', async () => {
    const root = await installPlugin(project.home, {
      name: 'broken',
      fields: { oclif: { commands: './commands' } },
    });
    await writeFile(join(root, 'oclif.manifest.json'), '{ not JSON');
    await expectNoTrace();
    expect(await findingOf('broken')).toMatchObject({
      status: 'error',
      detail: expect.stringContaining('oclif.manifest.json is not JSON'),
    });
  });
});

describe('the list of installed plugins', () => {
  it('hinders nothing that needs no plugin when it cannot be read, and doctor says how to mend it', async () => {
    const { home } = project;
    const path = join(home.dataDir, 'plugins/package.json');
    await writeFile(path, '{ "oclif": ');
    expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
    expect(await project.vmctl('--help')).toMatchObject({ code: 0, stderr: '' });
    expect(await findingOf('installed plugins')).toMatchObject({
      status: 'error',
      detail: expect.stringContaining(path),
      fix: expect.stringContaining('vmctl plugins reset'),
    });
    expect(await project.vmctl('plugins', 'reset', '--yes')).toMatchObject({ code: 0 });
    expect(await findingOf('installed plugins')).toBeUndefined();
  });
});
