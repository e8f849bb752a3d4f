import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { inspectConfiguration } from '../../../src/config/load-configuration.js';
import { Vmctl } from '../../../src/vmctl.js';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

/** vmctl in a project whose configuration is this, right or wrong. */
async function project(text: string, uid?: number): Promise<Vmctl> {
  await at.write({ 'work/project/vmctl.config.yaml': text });
  const lookup = at.lookup();
  return new Vmctl({ ...lookup, configuration: await inspectConfiguration({ ...lookup, uid }) });
}

describe('the description of a configuration', () => {
  it('has settings of backends that are not here as they stand: another machine may need them', async () => {
    const vmctl = await project('backends:\n  elsewhere:\n    speed: 9\n    list: [1]\n');
    const { ok, settings } = await vmctl.configuration();
    expect(ok).toBe(true);
    expect(settings.filter(({ key }) => key.startsWith('backends.'))).toEqual([
      expect.objectContaining({
        key: 'backends.elsewhere.speed',
        value: 9,
        origin: expect.objectContaining({ line: 3 }),
        description: 'Not checked: the backend elsewhere is not there, or does not work.',
      }),
      expect.objectContaining({ key: 'backends.elsewhere.list', value: null }),
    ]);
  });

  it('hides the passwords of URLs', async () => {
    const vmctl = await project(
      [
        'images: { mirrors: { "https://a.example/": "https://me:secret@b.example/" } }',
        'backends: { elsewhere: { url: "https://me:secret@c.example/" } }',
      ].join('\n'),
    );
    const values = (await vmctl.configuration()).settings.map(({ value }) => value);
    expect(values).toContainEqual(['https://me:******@b.example/']);
    expect(values).toContain('https://me:******@c.example/');
  });

  it('refuses settings of a backend that has none', async () => {
    const vmctl = await project('backends:\n  noop:\n    speed: 9\n');
    await expect(vmctl.configuration()).resolves.toMatchObject({
      ok: false,
      problems: [{ line: 3, key: 'backends.noop.speed', hint: 'The backend noop has no settings.' }],
      message: expect.stringContaining('vmctl.config.yaml:3:5: unknown setting "backends.noop.speed"'),
    });
  });

  it('says where the user’s file would be, and which files are passed over; doctor warns of these', async () => {
    await at.write({ 'work/project/vmctl.config.yaml': '' });
    const theirs = join(at.project, 'vmctl.config.yaml');
    const own = process.getuid?.() ?? 0;
    // Files of root are everybody's: where the tests run as root, the file is given away.
    if (own === 0) await chown(theirs, 54_321, 54_321);
    await chmod(at.project, 0o1777);
    const vmctl = await project('parallel: 7\n', own === 0 ? 0 : 54_321);
    const report = await vmctl.configuration();
    expect(report.files).toEqual({ project: [], user: [], foreign: [theirs], userDirectory: at.user });
    expect(report.settings.find(({ key }) => key === 'parallel')?.origin).toEqual({ source: 'default' });
    const { findings } = await vmctl.doctor();
    expect(findings).toContainEqual(
      expect.objectContaining({ status: 'warning', detail: expect.stringContaining(`${theirs} belongs to`) }),
    );
  });

  it('names the variables that nobody reads, and the one that may have been meant; doctor warns of them', async () => {
    const env = {
      VMCTL_PARALEL: '3',
      VMCTL_WARP_SPEED_OF_SHIP: '9',
      VMCTL_PARALLEL: '3',
      VMCTL_NPM_REGISTRY: 'http://127.0.0.1:1/',
      VMCTL_BRIGDE: '',
    };
    const vmctl = new Vmctl({ ...at.lookup(), env: { ...at.lookup().env, ...env } });
    const { ok, ignored } = await vmctl.configuration();
    expect(ok).toBe(true);
    expect(ignored).toEqual([
      { variable: 'VMCTL_PARALEL', near: 'VMCTL_PARALLEL' },
      { variable: 'VMCTL_WARP_SPEED_OF_SHIP', near: null },
    ]);
    const { findings } = await vmctl.doctor();
    expect(findings.filter(({ id }) => id.startsWith('variable:'))).toMatchObject([
      { status: 'warning', detail: expect.stringContaining('Did you mean VMCTL_PARALLEL?') },
      { status: 'warning', fix: 'unset VMCTL_WARP_SPEED_OF_SHIP' },
    ]);
  });
});
