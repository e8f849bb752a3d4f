import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { useConfigHome } from '../../support/config-home.js';

const at = useConfigHome();

const EVERYTHING = {
  backend: 'noop',
  parallel: 3,
  dataDir: '/data',
  bridge: 'br7',
  timeouts: { ready: 60, stop: 5 },
};

describe('a configuration', () => {
  it('is undefined when nobody says anything', async () => {
    await at.write({});
    await expect(at.load({ HOME: '/home/vm' })).resolves.toBeUndefined();
  });

  it.each([
    ['vmctl.config.json', JSON.stringify(EVERYTHING)],
    [
      'vmctl.config.yaml',
      Object.entries(EVERYTHING)
        .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
        .join('\n'),
    ],
    [
      '.vmctlrc',
      '# mine\nbackend: noop\nparallel: 3\ndataDir: /data\nbridge: br7\ntimeouts:\n  ready: 60\n  stop: 5\n',
    ],
    ['vmctl.config.mjs', `export default ${JSON.stringify(EVERYTHING)}`],
    ['vmctl.config.cjs', `module.exports = ${JSON.stringify(EVERYTHING)}`],
    ['package.json', JSON.stringify({ name: 'lab', vmctl: EVERYTHING })],
  ])('is read from %s', async (name, text) => {
    await at.write({ [`work/project/${name}`]: text });
    const configuration = await at.load();
    expect(configuration?.value('backend')).toBe('noop');
    expect(configuration?.value('parallel')).toBe(3);
    expect(configuration?.value('dataDir')).toBe('/data');
    expect(configuration?.value('bridge')).toBe('br7');
    expect(configuration?.value('timeouts.ready')).toBe(60);
    expect(configuration?.value('timeouts.stop')).toBe(5);
  });

  it.each(['async () => ({ parallel: 1 + 1 })', 'Promise.resolve({ parallel: 2 })'])(
    'may be a program that gives it later: %s',
    async (exported) => {
      await at.write({ 'work/project/vmctl.config.mjs': `export default ${exported}` });
      expect((await at.load())?.value('parallel')).toBe(2);
    },
  );

  it('takes each setting from the strongest source that says it, and knows which', async () => {
    await at.write({
      'work/project/vmctl.config.yaml': 'parallel: 2\nbridge: br2\n',
      'home/.config/vmctl/config.yaml': 'parallel: 3\nbridge: br3\ntimeouts: { stop: 3 }\n',
    });
    const configuration = await at.load({ VMCTL_PARALLEL: '1', VMCTL_BRIDGE: '' });
    expect(configuration?.get('parallel')).toEqual({
      value: 1,
      origin: { source: 'variable', variable: 'VMCTL_PARALLEL' },
    });
    expect(configuration?.get('bridge')).toEqual({
      value: 'br2',
      origin: { source: 'project', file: join(at.project, 'vmctl.config.yaml'), line: 2, column: 1 },
    });
    expect(configuration?.get('timeouts.stop')).toEqual({
      value: 3,
      origin: { source: 'user', file: join(at.user, 'config.yaml'), line: 3, column: 13 },
    });
    expect(configuration?.get('backend')).toBeUndefined();
  });

  it('reads every setting from its variable', async () => {
    await at.write({});
    const configuration = await at.load({
      VMCTL_BACKEND: 'noop',
      VMCTL_PARALLEL: '9',
      VMCTL_DATA_DIR: 'state',
      VMCTL_BRIDGE: 'br9',
      VMCTL_READY_TIMEOUT: '90',
      VMCTL_STOP_TIMEOUT: '0',
      VMCTL_IMAGE_MIRRORS: '{"https://a.example/": "https://b.example/"}',
    });
    expect(configuration?.value('backend')).toBe('noop');
    expect(configuration?.value('parallel')).toBe(9);
    expect(configuration?.value('dataDir')).toBe(join(at.project, 'state'));
    expect(configuration?.value('bridge')).toBe('br9');
    expect(configuration?.value('timeouts.ready')).toBe(90);
    expect(configuration?.value('timeouts.stop')).toBe(0);
    expect(configuration?.mirrors).toEqual([
      {
        value: { prefix: 'https://a.example/', urls: ['https://b.example/'] },
        origin: { source: 'variable', variable: 'VMCTL_IMAGE_MIRRORS' },
      },
    ]);
  });

  it('starts relative paths where they are written, and knows the home directory', async () => {
    await at.write({
      'work/vmctl.config.yaml': 'dataDir: ./state\n',
      'home/.config/vmctl/config.yaml': 'dataDir: ~/vms\n',
    });
    expect((await at.load())?.value('dataDir')).toBe(join(at.root, 'work/state'));
    expect((await at.load({}, '/'))?.value('dataDir')).toBe(join(at.root, 'home/vms'));
  });

  it('has the mirrors of all sources, each prefix from the strongest, the longest prefix first', async () => {
    await at.write({
      'work/project/.vmctlrc': 'images: { mirrors: { "https://a.example/": "https://project.example/" } }',
      'home/.config/vmctl/config.yaml':
        'images:\n  mirrors:\n    https://a.example/: https://user.example/\n    https://a.example/deep/:\n    - https://one.example/\n    - https://two.example/\n',
    });
    expect((await at.load())?.mirrors.map(({ value }) => value)).toEqual([
      { prefix: 'https://a.example/deep/', urls: ['https://one.example/', 'https://two.example/'] },
      { prefix: 'https://a.example/', urls: ['https://project.example/'] },
    ]);
  });
});
