import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A plugin of somebody else, as small as one can be. */
export interface PluginPackageOptions {
  readonly name: string;
  /** Default 1.0.0. */
  readonly version?: string;
  /** The provisioner type that it brings. */
  readonly provisioner?: string;
  /** The `vmctl` field instead of a right one; null: none. */
  readonly vmctl?: unknown;
  /** Further fields of its package.json. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where; default a new directory below the system's for temporary files. */
  readonly directory?: string;
}

/** Writes the package, and gives its directory. The caller removes it. */
export async function writePluginPackage(options: PluginPackageOptions): Promise<string> {
  const { name, version = '1.0.0', provisioner = 'hello', fields = {} } = options;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'vmctl-plugin-')));
  const vmctl =
    options.vmctl === undefined
      ? { apiVersion: 1, entry: './plugin.js', contributes: { provisioners: [provisioner] } }
      : options.vmctl;
  const manifest = {
    name,
    version,
    description: 'A plugin that a test wrote',
    license: 'MIT',
    type: 'module',
    ...(vmctl === null ? {} : { vmctl }),
    ...fields,
  };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest, null, 2));
  await writeFile(
    join(directory, 'plugin.js'),
    `export default {
  name: ${JSON.stringify(name)},
  apiVersion: 1,
  apply(host) {
    host.hooks.provisioner.for(${JSON.stringify(provisioner)}).tapPromise(${JSON.stringify(name)}, async () => ({
      type: ${JSON.stringify(provisioner)},
      decode: () => ({}),
      run: async () => {},
    }));
  },
};
`,
  );
  return directory;
}
