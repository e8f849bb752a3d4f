import { PLUGIN_API_VERSION, type PluginManifest } from '../../plugins/contract.js';
import { type PluginKind } from './plugin-kind.js';

/** Where the compiled entry of a new plugin is. */
const ENTRY = './dist/src/plugin.js';

/** What new plugins are built with, besides vmctl's own packages. */
export const TOOLS: Readonly<Record<string, string>> = {
  '@types/node': '^24.19.2',
  typescript: '^7.0.2',
};

/** A project that is to be made; everything is decided. */
export interface PluginProject {
  /** Of the package. */
  readonly name: string;
  readonly kind: PluginKind;
  /** The word under which VMFiles know what it brings. */
  readonly type: string;
}

/** What the plugin says that it brings. */
export function contributes({ kind, type }: PluginProject): PluginManifest['contributes'] {
  switch (kind) {
    case 'provisioner':
      return { provisioners: [type] };
    case 'backend':
      return { hypervisors: { [type]: { platforms: [] } } };
    case 'image-source':
      return { imageSources: [type] };
    case 'pipeline':
      return { vmNodes: [type], up: 'vmNodes' };
  }
}

/**
 * The package.json of a new plugin.
 *
 * @param core - core's own package.json: the plugin is written for this version and tested with it
 */
export function packageJson(
  project: PluginProject,
  core: { readonly version: string; readonly node: string },
): Readonly<Record<string, unknown>> {
  return {
    name: project.name,
    version: '0.1.0',
    description: DESCRIPTION[project.kind](project.type),
    keywords: ['vmctl', 'vmctl-plugin'],
    license: 'MIT',
    type: 'module',
    engines: { node: core.node },
    files: ['/dist/src', '!/dist/**/*.map'],
    exports: {
      '.': { types: ENTRY.replace(/\.js$/, '.d.ts'), default: ENTRY },
      './package.json': './package.json',
    },
    scripts: {
      build: 'rm -rf dist && tsc',
      pretest: 'npm run build',
      test: 'node --enable-source-maps --test "dist/test/**/*.test.js"',
      prepack: 'npm run build',
    },
    vmctl: { apiVersion: PLUGIN_API_VERSION, entry: ENTRY, contributes: contributes(project) },
    oclif: {},
    peerDependencies: { '@vmctl/core': `^${core.version}` },
    peerDependenciesMeta: { '@vmctl/core': { optional: true } },
    devDependencies: {
      ...(project.kind === 'pipeline' ? {} : { '@vmctl/conformance': `^${core.version}` }),
      '@vmctl/core': `^${core.version}`,
      ...TOOLS,
    },
  };
}

const DESCRIPTION: Readonly<Record<PluginKind, (type: string) => string>> = {
  provisioner: (type) => `The provisioner "${type}" of vmctl`,
  backend: (type) => `The backend "${type}" of vmctl`,
  'image-source': (type) => `Images from ${type}: URLs for vmctl`,
  pipeline: (type) => `The VM node "${type}" of vmctl`,
};
