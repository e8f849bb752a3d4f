import { readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { ManifestProblem } from '../plugins/manifest.js';

/** More modules than a plugin loads at its start; what is left is not looked at. */
const MOST_MODULES = 200;

/** `import … from 'x'`, `export … from 'x'` and `import 'x'` as compilers write them: at the start of a line. */
const STATIC_IMPORT = /^(?:import|export)\b(?:[^'";]*?\bfrom\s*|\s*)['"](?<specifier>[^'"]+)['"]/gm;

/**
 * Warns about a plugin whose entry, or a module that this imports, needs core at run time: an installed plugin has none,
 * and will not load. It is a guess from the text, as nothing of the plugin may run yet, and so no reason to refuse it.
 *
 * @param plugin - `entry` relative to `root`
 */
export async function importsOfCore(plugin: {
  readonly name: string;
  readonly version: string;
  readonly root: string;
  readonly entry: string;
}): Promise<ManifestProblem | null> {
  const { name, version, root, entry } = plugin;
  const queue = [join(root, entry)];
  const seen = new Set(queue);
  for (const path of queue) {
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const { groups } of text.matchAll(STATIC_IMPORT)) {
      const specifier = groups?.['specifier'] ?? '';
      if (specifier === '@vmctl/core' || specifier.startsWith('@vmctl/core/')) {
        return {
          code: 'VMCTL_PLUGIN_INVALID',
          message: `The plugin ${name} ${version} will not load: ${relative(root, path)} imports ${specifier}, which plugins do not have at run time.`,
          hint: 'Tell its authors: they have to import types alone from there ("import type").',
        };
      }
      const next = resolve(path, '..', specifier);
      const isOwn = specifier.startsWith('.') && next.startsWith(root + sep);
      if (isOwn && !seen.has(next) && seen.size < MOST_MODULES) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return null;
}
