import { asError, hasCode, messageOf, VmctlError } from '../errors/vmctl-error.js';
import type { KnownPlugin } from './catalog.js';
import type { PluginPackage } from './manifest.js';

/** Where the loading of a plugin has failed. */
export type LoadStep =
  /** Its entry is not there. */
  | 'entry'
  /** Its entry, or a module that this imports, does not load. */
  | 'import'
  /** What the entry exports is no plugin, or one for another API. */
  | 'export'
  /** Its `apply` has failed. */
  | 'apply';

/** VMCTL_PLUGIN_LOAD_FAILED, with a hint for whoever can do something about it. An exit of the plugin stays one. */
export function loadFailed(plugin: KnownPlugin, step: LoadStep, why: string, cause?: unknown): Error {
  if (cause instanceof Error && hasCode(cause, 'VMCTL_PLUGIN_EXITED')) return cause;
  const { name, version, root } = plugin.package;
  const place = cause === undefined ? undefined : placeBelow(root, cause);
  return new VmctlError('VMCTL_PLUGIN_LOAD_FAILED', {
    message: `The plugin ${name} ${version} cannot be loaded: ${why.replace(/\.$/, '')}${place === undefined ? '' : ` (${place})`}.`,
    hint: hintFor(plugin.package, step, why),
    cause,
    details: { plugin: name },
  });
}

/** An error in one line: the rest of what Node.js says is advice about files that users have not written. */
export function errorLine(error: unknown): string {
  const { name } = asError(error);
  const [first = ''] = messageOf(error).split('\n');
  return `${name}: ${first}`;
}

/** The first line of the plugin's own code in a stack: `dist/plugin.js:12:5`. */
function placeBelow(root: string, error: unknown): string | undefined {
  const { stack = '' } = asError(error);
  for (const line of stack.split('\n')) {
    const at = line.indexOf(`${root}/`);
    const place =
      at === -1 ? undefined : /^[^\s()]+?:\d+(?::\d+)?(?=\)?$)/.exec(line.slice(at + root.length + 1));
    if (place !== undefined && place !== null) return place[0];
  }
  return undefined;
}

/** What to do about a plugin that cannot be loaded depends on what is wrong, and on how it came. */
function hintFor({ name, root, origin, from }: PluginPackage, step: LoadStep, why: string): string {
  const fault = step === 'import' || step === 'export' ? faultOfAuthor(why) : undefined;
  switch (origin) {
    case 'link':
      return `${fault ?? remedyIn(root, step, why)}, or unlink it: vmctl plugins unlink ${name}`;
    case 'folder':
      return step === 'entry'
        ? `Build it: npm install && npm run build in ${root}`
        : (fault ?? remedyIn(root, step, why));
    case 'project':
      return `The VMFile requires it. \`vmctl doctor\` tells whether its files are damaged; else require another version of it in "plugins".`;
    default: {
      const remove = `remove it: vmctl plugins uninstall ${name}`;
      if (fault !== undefined) return `Tell its authors, or ${remove}. What they have to do: ${fault}`;
      const again =
        from === undefined
          ? `from where it came (vmctl plugins inspect ${name})`
          : `(vmctl plugins install ${from})`;
      return step === 'apply' || step === 'export'
        ? `Update it (vmctl plugins update ${name}), or ${remove}`
        : `Install it again ${again}, or ${remove}`;
    }
  }
}

function remedyIn(root: string, step: LoadStep, why: string): string {
  const missing = /Cannot find package '(?<name>[^']+)'/.exec(why)?.groups?.['name'];
  if (missing !== undefined)
    return `Install ${missing} there, as one of its "dependencies" (npm install in ${root})`;
  const build = `npm run build in ${root}`;
  return step === 'entry' ? `Build it (${build})` : `Mend it, and build it (${build})`;
}

/** Mistakes that beginners make and that look like something else. */
function faultOfAuthor(why: string): string | undefined {
  if (/'@vmctl\/core(?:\/[^']*)?'/.test(why)) {
    return 'Import types alone from @vmctl/core ("import type"): at run time a plugin has what "host" and the contexts give';
  }
  if (/not defined in ES module scope|compiled to CommonJS/.test(why)) {
    return 'Write the entry as an ES module ("export default"), with "type": "module" in package.json';
  }
  return undefined;
}
