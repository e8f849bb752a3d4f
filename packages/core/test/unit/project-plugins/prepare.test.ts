import { describe, expect, it, jest } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { createProcessTable } from '../../../src/host/process-table.js';
import type { NpmTrees } from '../../../src/project-plugins/npm-tree.js';
import {
  type ConfirmInstall,
  type PrepareOptions,
  prepareProjectPlugins,
} from '../../../src/project-plugins/prepare.js';
import { ProjectPluginStore } from '../../../src/project-plugins/store.js';
import { surveyProjectPlugins } from '../../../src/project-plugins/survey.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';
import { acmePin } from './pins.js';

const directory = useTemporaryDirectory();
const nix = { kind: 'package', name: '@acme/nix', range: '^1.2' } as const;

/** Stands in for npm: a registry has one version of `@acme/nix`. */
function npm(): jest.Mocked<NpmTrees> {
  return {
    resolve: jest.fn<NpmTrees['resolve']>(({ range }) => Promise.resolve(acmePin({ range }))),
    install: jest.fn<NpmTrees['install']>(async (pin, path) => {
      const root = join(path, 'node_modules', pin.name);
      await mkdir(root, { recursive: true });
      const vmctl = { apiVersion: 1, entry: './plugin.js' };
      await writeFile(
        join(root, 'package.json'),
        JSON.stringify({ name: pin.name, version: pin.version, vmctl }),
      );
      await writeFile(join(root, 'plugin.js'), '');
    }),
  };
}

function optionsWith(
  changes: Partial<PrepareOptions> = {},
): PrepareOptions & { readonly seen: VmctlEventBody[] } {
  const seen: VmctlEventBody[] = [];
  return {
    vmfile: join(directory.path, 'VMFile.kdl'),
    requirements: [nix],
    installed: [],
    store: new ProjectPluginStore({
      root: join(directory.path, 'store'),
      locks: join(directory.path, 'locks'),
      processes: createProcessTable(),
    }),
    npm: npm(),
    frozen: false,
    pinInstalled: false,
    confirmInstall: () => Promise.resolve(true),
    commands: { install: 'vmctl up --yes', update: 'vmctl up --yes' },
    events: { emit: (event) => seen.push(event) },
    signal: new AbortController().signal,
    ...changes,
    seen,
  };
}

describe('the plugins that a VMFile requires', () => {
  it('are asked about once, by name, range and pinned version', async () => {
    const confirmInstall = jest.fn<ConfirmInstall>(() => Promise.resolve(true));
    const options = optionsWith({ confirmInstall });
    expect(await prepareProjectPlugins(options)).toMatchObject([
      { name: '@acme/nix', version: '1.2.3', origin: 'project' },
    ]);
    const { vmfile } = options;
    expect(confirmInstall.mock.calls).toEqual([
      [{ vmfile, plugins: [{ name: '@acme/nix', range: '^1.2', version: undefined }] }],
    ]);
    const elsewhere = optionsWith({
      confirmInstall,
      store: new ProjectPluginStore({
        root: join(directory.path, 'another-store'),
        locks: join(directory.path, 'locks'),
        processes: createProcessTable(),
      }),
    });
    await prepareProjectPlugins(elsewhere);
    expect(confirmInstall.mock.lastCall).toEqual([
      { vmfile, plugins: [{ name: '@acme/nix', range: '^1.2', version: '1.2.3' }] },
    ]);
    expect(elsewhere.npm.resolve).not.toHaveBeenCalled();
  });

  it.each<[string, ConfirmInstall | undefined]>([
    ['is declined', () => Promise.resolve(false)],
    ['cannot be asked for', undefined],
  ])('are not installed when that %s, and nothing is written', async (_, confirmInstall) => {
    const options = optionsWith({ confirmInstall });
    await expect(prepareProjectPlugins(options)).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_REQUIRED',
      hint: 'Install it: vmctl up --yes',
    });
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('are there without a question and without npm the next time', async () => {
    await prepareProjectPlugins(optionsWith());
    const again = optionsWith({ confirmInstall: undefined, frozen: true });
    await expect(prepareProjectPlugins(again)).resolves.toHaveLength(1);
    expect(again.npm.install).not.toHaveBeenCalled();
    expect(again.seen).toEqual([]);
  });

  it('lose a pin that is not required any more, and take over another range that the pin fits', async () => {
    await prepareProjectPlugins(optionsWith());
    const lock = join(directory.path, 'VMFile.lock');
    const narrower = optionsWith({ requirements: [{ ...nix, range: '~1.2.3' }], confirmInstall: undefined });
    await prepareProjectPlugins(narrower);
    expect(narrower.npm.resolve).not.toHaveBeenCalled();
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({
      plugins: { '@acme/nix': { range: '~1.2.3' } },
    });
    const folder = join(directory.path, 'mine');
    await mkdir(folder);
    await writeFile(
      join(folder, 'package.json'),
      '{"name":"mine","version":"0.1.0","vmctl":{"apiVersion":1,"entry":"x.js"}}',
    );
    await writeFile(join(folder, 'x.js'), '');
    await prepareProjectPlugins(
      optionsWith({ requirements: [{ kind: 'folder', written: './mine', path: folder }] }),
    );
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ plugins: {} });
  });

  it('leave nothing in the store when npm fails or is interrupted', async () => {
    const options = optionsWith();
    const interrupted = new Error('interrupted');
    options.npm.install = async (_pin, path) => {
      await writeFile(join(path, 'half'), '');
      throw interrupted;
    };
    await expect(prepareProjectPlugins(options)).rejects.toBe(interrupted);
    expect(await readdir(options.store.root)).toEqual([]);
    await expect(readFile(join(directory.path, 'VMFile.lock'))).rejects.toThrow('ENOENT');
  });

  it('are installed again when what is in the store was damaged', async () => {
    const options = optionsWith();
    await prepareProjectPlugins(options);
    const root = options.store.directoryOf(acmePin());
    await writeFile(join(root, 'node_modules/@acme/nix/package.json'), '{');
    await expect(prepareProjectPlugins(optionsWith())).resolves.toHaveLength(1);
    expect(await options.store.isIntact(acmePin())).toBe(true);
  });

  it('cannot be the same plugin twice, as a package and as a folder', async () => {
    const folder = join(directory.path, 'mine');
    await mkdir(folder);
    await writeFile(
      join(folder, 'package.json'),
      '{"name":"@acme/nix","version":"0.1.0","vmctl":{"apiVersion":1,"entry":"x.js"}}',
    );
    await writeFile(join(folder, 'x.js'), '');
    const requirements = [nix, { kind: 'folder', written: './mine', path: folder } as const];
    await expect(prepareProjectPlugins(optionsWith({ requirements }))).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_CONFLICT',
    });
  });

  it('are surveyed without installing: packages that are there, and what is missing', async () => {
    const gone = { kind: 'folder', written: './gone', path: join(directory.path, 'gone') } as const;
    const options = optionsWith({ requirements: [nix, gone] });
    expect(await surveyProjectPlugins(options)).toEqual({
      packages: [],
      missing: [
        { name: '@acme/nix', range: '^1.2', version: undefined },
        { name: './gone', range: '', version: undefined },
      ],
    });
    await prepareProjectPlugins(optionsWith());
    expect(await surveyProjectPlugins(options)).toMatchObject({
      packages: [{ name: '@acme/nix' }],
      missing: [{ name: './gone' }],
    });
    await expect(prepareProjectPlugins(options)).rejects.toThrow(
      'requires the plugin "./gone", but there is no package in',
    );
  });
});
