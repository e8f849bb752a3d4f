import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fsError } from '../../host/fs-error.js';
import { alignTables } from './markdown-table.js';
import { packageJson, type PluginProject } from './package-json.js';

/** Core's own directory, the same from `src` and from `dist`. */
const CORE = join(import.meta.dirname, '../../..');
const TEMPLATES = join(CORE, 'templates');

/** npm leaves files of these names out of a package, or gives them a meaning there. */
const HIDDEN: Readonly<Record<string, string>> = { gitignore: '.gitignore', github: '.github' };

/** Files of a project by relative path. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** Everything that is in a new project. */
export async function projectFiles(project: PluginProject): Promise<ProjectFiles> {
  const files = new Map<string, string>();
  for (const template of ['shared', project.kind]) {
    const directory = join(TEMPLATES, template);
    for (const [path, text] of await readTexts(directory)) {
      const filled = fillIn(text, project);
      files.set(projectPath(path), path.endsWith('.md') ? alignTables(filled) : filled);
    }
  }
  const { version, engines } = await readCore();
  const manifest = packageJson(project, { version, node: engines.node });
  files.set('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  return files;
}

/**
 * Puts the project's names in place of those of the templates, which are valid in every language of the files:
 * `template-package`, `template-word`, and `TEMPLATE_WORD` where codes and variables have capitals.
 */
export function fillIn(text: string, { name, type }: PluginProject): string {
  return text
    .replaceAll('template-package', name)
    .replaceAll('template-word', type)
    .replaceAll('TEMPLATE_WORD', type.toUpperCase().replaceAll('-', '_'));
}

function projectPath(path: string): string {
  return path
    .split('/')
    .map((part) => HIDDEN[part] ?? part)
    .join('/');
}

async function readTexts(directory: string): Promise<readonly (readonly [string, string])[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted()
        .map(async (path) => [relative(directory, path), await readFile(path, 'utf8')] as const),
    );
  } catch (error) {
    throw fsError(error, { verb: 'read the templates in', path: dirname(directory) });
  }
}

async function readCore(): Promise<{
  readonly version: string;
  readonly engines: { readonly node: string };
}> {
  // Core's own package.json, which every package of it has.
  return JSON.parse(await readFile(join(CORE, 'package.json'), 'utf8')) as Awaited<
    ReturnType<typeof readCore>
  >;
}
