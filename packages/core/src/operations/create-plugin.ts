import { resolve } from 'node:path';
import type { PluginProject } from './plugin-project/package-json.js';
import { KIND_WORDING, type PluginKind } from './plugin-project/plugin-kind.js';
import {
  checkPackageName,
  checkWord,
  nameWithoutScope,
  wordFromName,
} from './plugin-project/plugin-names.js';
import { projectFiles } from './plugin-project/project-files.js';
import { writeProject } from './plugin-project/write-project.js';

/** What to make. */
export interface CreatePluginOptions {
  /** Of the package: `my-provisioner`, `@acme/vmctl-provisioner-nix`. */
  readonly name: string;
  readonly kind: PluginKind;
  /** The word under which VMFiles know what it brings. Default: from the name. */
  readonly type?: string | undefined;
  /** Where, relative to `cwd`. Default: the name without its scope. */
  readonly directory?: string | undefined;
  /** Absolute. */
  readonly cwd: string;
}

/** What was made. */
export interface CreatedPlugin extends PluginProject {
  /** Absolute. */
  readonly directory: string;
  /** Relative paths, sorted. */
  readonly files: readonly string[];
  /** How a VMFile uses it. */
  readonly usage: string;
}

/**
 * Makes the project of a new plugin, which builds, passes its tests and runs as it is. Nothing is installed.
 *
 * @throws VMCTL_PLUGIN_NAME_INVALID, VMCTL_DIRECTORY_NOT_EMPTY and what the file system refuses; nothing is written then
 */
export async function createPlugin(options: CreatePluginOptions): Promise<CreatedPlugin> {
  const { name, kind, cwd } = options;
  checkPackageName(name);
  const type = options.type === undefined ? wordFromName(name, kind) : checkWord(options.type, kind);
  const directory = resolve(cwd, options.directory ?? nameWithoutScope(name));
  const files = await projectFiles({ name, kind, type });
  await writeProject(directory, files);
  return {
    name,
    kind,
    type,
    directory,
    files: [...files.keys()].toSorted(),
    usage: KIND_WORDING[kind].usage(type),
  };
}
