import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';
import {
  installPlugin,
  provisioner,
  removePlugin,
  type ThirdPartyPlugin,
} from '../support/third-party-plugin.js';

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web', 'provision "shell" { inline "true" }'));
});
afterEach(async () => {
  for (const name of ['acme', 'rival']) await removePlugin(project.home, name);
});
afterAll(async () => {
  await project.remove();
});

const brings = { provisioners: ['acme'] };
const FAULTS: readonly (readonly [string, Omit<ThirdPartyPlugin, 'name'>, string])[] = [
  ['whose entry is missing', { entry: null }, 'its entry is missing'],
  ['whose entry has a syntax error', { entry: 'export default {{{' }, 'SyntaxError'],
  ['whose entry imports what is not there', { onImport: `import 'not-there';` }, `package 'not-there'`],
  ['whose entry exports no plugin', { entry: 'export default 42;' }, 'no default export'],
  ['whose entry throws', { onImport: `throw new Error('broken today');` }, 'broken today'],
  ['whose apply throws', { apply: `throw new Error('broken today');` }, 'its apply() failed: broken today'],
  ['whose apply hangs', { apply: 'await new Promise(() => {});' }, 'did not finish loading within 10 s'],
  ['whose import hangs', { onImport: 'await new Promise(() => {});' }, 'did not finish loading within 10 s'],
  ['for an older plugin API', { apiVersion: 0 }, 'written for plugin API 0'],
  ['for a newer plugin API', { apiVersion: 2 }, 'written for plugin API 2'],
  ['for a plugin API that is none', { apiVersion: 'latest' }, '"vmctl.apiVersion" is not a whole number'],
  ['that does not bring what it says', { apply: '' }, 'says that it brings'],
];

describe('a plugin', () => {
  it.each(FAULTS)(
    '%s fails what needs it, and nothing else, and doctor explains it with the command that mends it',
    async (_what, plugin, why) => {
      await installPlugin(project.home, { name: 'acme', contributes: brings, ...plugin });

      expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
      expect(await project.vmctl('--help')).toMatchObject({ code: 0, stderr: '' });
      expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: '' });

      const file = await project.home.write(project.vm('other', 'provision "acme"'), 'acme.kdl');
      // Each waits for one that hangs.
      const [needing, doctor] = await Promise.all([
        project.vmctl('up', '--file', file),
        project.vmctl('doctor', '--json'),
      ]);
      expect({ code: needing.code, stdout: needing.stdout }).toEqual({ code: 2, stdout: '' });
      expect(needing.stderr).toContain(why);
      expect(needing.stderr.split('\n').filter((line) => line.includes(why))).toHaveLength(1);
      expect(needing.stderr).toContain('acme.kdl:5:');
      expect(Object.keys(await project.states())).not.toContain('other');

      expect({ code: doctor.code, stderr: doctor.stderr }).toEqual({ code: 3, stderr: '' });
      const { findings } = JSON.parse(doctor.stdout) as { findings: { id: string }[] };
      expect(findings.filter(({ id }) => id === 'plugin:acme')).toEqual([
        expect.objectContaining({
          status: 'error',
          detail: expect.stringContaining(why),
          fix: expect.stringMatching(/vmctl plugins (install|uninstall) acme|Update vmctl/),
        }),
      ]);
    },
  );

  it('that contributes something of which vmctl knows nothing is mentioned by doctor', async () => {
    await installPlugin(project.home, { name: 'acme', contributes: { backends: ['acme'] } });
    const { findings } = (await project.home.json('doctor')) as { findings: { id: string }[] };
    expect(findings.find(({ id }) => id === 'plugin:acme')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining(
        'has "backends", which this vmctl does not know; it knows hypervisors,',
      ),
    });
  });

  it.each([
    ['cannot be loaded', 1, 'broken today'],
    ['is for a newer plugin API', 2, 'written for plugin API 2'],
  ])(
    'that taps every up and %s is a warning, once, and none of its taps runs',
    async (_what, apiVersion, why) => {
      await installPlugin(project.home, {
        name: 'acme',
        apiVersion,
        contributes: { up: true },
        apply: `host.hooks.up.done.tap('acme', () => { throw new Error('half-way'); });
              throw new Error('broken today');`,
      });
      await project.home.write(project.vm('tapped'), 'tapped.kdl');
      const { code, stdout, stderr } = await project.vmctl('up', '--file', 'tapped.kdl');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.split(why)).toHaveLength(2);
      expect(stdout).not.toContain('half-way');
      expect(await project.vmctl('destroy', 'tapped', '--yes')).toMatchObject({ code: 0 });
    },
  );
});

describe('two plugins that bring the same', () => {
  async function install(contributes: object, apply: string): Promise<void> {
    for (const name of ['acme', 'rival']) await installPlugin(project.home, { name, contributes, apply });
  }

  async function conflict(): Promise<unknown> {
    const { findings } = (await project.home.json('doctor')) as { findings: { id: string }[] };
    return findings.find(({ id }) => id.startsWith('conflict:'));
  }

  const explained = expect.objectContaining({
    status: 'error',
    detail: expect.stringContaining('acme and rival'),
    fix: expect.stringContaining('vmctl plugins uninstall rival'),
  });

  it('provisioner type fail the steps of that type alone', async () => {
    await install(brings, provisioner('acme'));
    expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
    expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: '' });
    const file = await project.home.write(project.vm('other', 'provision "acme"'), 'acme.kdl');
    const { code, stderr } = await project.vmctl('up', '--file', file);
    expect(code).toBe(2);
    expect(stderr).toContain('Two plugins bring the provisioner type "acme": acme and rival.');
    expect(await conflict()).toEqual(explained);
  });

  it('backend fail the VMs of that backend alone', async () => {
    await install(
      { hypervisors: { warp: { platforms: [] } } },
      `host.hooks.hypervisor.for('warp').tapPromise('x', async () => ({ name: 'warp' }));`,
    );
    expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
    const file = await project.home.write(
      `${project.vm('good')} vm "bad" { image "disk.img"; backend "warp" }`,
      'warp.kdl',
    );
    const { code, stdout } = await project.vmctl('up', '--file', file);
    expect(code).toBe(1);
    expect(stdout).toContain('✓ good is up');
    expect(stdout).toContain('Two plugins bring the backend "warp": acme and rival.');
    expect(await conflict()).toEqual(explained);
    expect(await project.vmctl('plugins', 'uninstall', 'rival')).toMatchObject({ code: 0 });
    expect(await conflict()).toBeUndefined();
  });

  it('name as vmctl itself leave it to vmctl, and doctor mentions it', async () => {
    await installPlugin(project.home, {
      name: 'acme',
      contributes: { hypervisors: { noop: { platforms: [] } } },
      onImport: `throw new Error('never imported for it');`,
    });
    expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: '' });
    expect(await conflict()).toMatchObject({ status: 'warning', title: 'backend noop' });
  });
});
