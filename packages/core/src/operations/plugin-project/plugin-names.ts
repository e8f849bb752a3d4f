import { VmctlError } from '../../errors/vmctl-error.js';
import { platformDefaults } from '../../hypervisor/platforms.js';
import { VM_SETTINGS } from '../../vmfile/vm-settings.js';
import { KIND_WORDING, type PluginKind } from './plugin-kind.js';

/** A name of a package as npm takes it for new ones, with or without a scope. */
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const LONGEST_PACKAGE_NAME = 214;
const REFUSED_BY_NPM: readonly string[] = ['node_modules', 'favicon.ico'];
/** A word that every place takes: a provisioner type, a backend, a URL scheme, a node of `vm`. */
const WORD = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** What packages of a kind have before and after their own word, longest first. */
const AFFIXES: Readonly<Record<PluginKind, readonly string[]>> = {
  provisioner: ['provisioner'],
  backend: ['backend', 'hypervisor'],
  'image-source': ['image-source', 'source'],
  pipeline: ['pipeline'],
};

/** What vmctl and the plugins that everybody knows have already. */
const TAKEN: Readonly<Record<PluginKind, readonly string[]>> = {
  provisioner: ['shell', 'file'],
  backend: ['noop', ...Object.values(platformDefaults).map(({ backend }) => backend)],
  'image-source': ['file', 'http', 'https', 'oci'],
  pipeline: VM_SETTINGS,
};

/**
 * Refuses what cannot be the name of a new package.
 *
 * @throws VMCTL_PLUGIN_NAME_INVALID
 */
export function checkPackageName(name: string): void {
  const why =
    name.length > LONGEST_PACKAGE_NAME
      ? `it is longer than ${LONGEST_PACKAGE_NAME} characters`
      : name !== name.toLowerCase()
        ? 'npm takes no capital letters'
        : !PACKAGE_NAME.test(name)
          ? 'npm takes lower-case letters, digits, "-", "_", "." and "~", and begins with none of ". _"'
          : REFUSED_BY_NPM.includes(name)
            ? 'npm refuses it'
            : undefined;
  if (why === undefined) return;
  throw new VmctlError('VMCTL_PLUGIN_NAME_INVALID', {
    message: `${JSON.stringify(name)} cannot be the name of a package: ${why}.`,
    hint: 'Names look like this: vmctl-provisioner-nix, @acme/vmctl-provisioner-nix',
    details: { name },
  });
}

/** The last part of a package's name: what its directory is called. */
export function nameWithoutScope(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/**
 * The word under which a plugin's contribution is known, from the name of its package: without scope, without `vmctl-`
 * and `plugin-`, and without the kind. `@acme/vmctl-provisioner-nix`, `nix-provisioner` and `nix` all give `nix`.
 *
 * @throws VMCTL_PLUGIN_NAME_INVALID when nothing is left, or nothing that can be such a word
 */
export function wordFromName(name: string, kind: PluginKind): string {
  let rest = nameWithoutScope(name);
  for (const affix of ['vmctl', 'plugin', ...AFFIXES[kind]]) {
    if (rest === affix) rest = '';
    else if (rest.startsWith(`${affix}-`)) rest = rest.slice(affix.length + 1);
  }
  for (const affix of ['plugin', ...AFFIXES[kind]]) {
    if (rest.endsWith(`-${affix}`)) rest = rest.slice(0, -affix.length - 1);
  }
  if (!WORD.test(rest)) {
    const { wordIs } = KIND_WORDING[kind];
    throw new VmctlError('VMCTL_PLUGIN_NAME_INVALID', {
      message:
        rest === ''
          ? `The name ${name} says nothing but that it is a plugin, so the ${wordIs} cannot be taken from it.`
          : `The ${wordIs} cannot be taken from the name ${name}: "${rest}" is not lower-case words joined by "-".`,
      hint: 'Give it: --type WORD',
      details: { name },
    });
  }
  return free(rest, kind);
}

/**
 * A word that the user gave.
 *
 * @throws VMCTL_PLUGIN_NAME_INVALID for one that a VMFile cannot have, or that means something already
 */
export function checkWord(word: string, kind: PluginKind): string {
  const { wordIs } = KIND_WORDING[kind];
  if (!WORD.test(word)) {
    throw new VmctlError('VMCTL_PLUGIN_NAME_INVALID', {
      message: `${JSON.stringify(word)} cannot be a ${wordIs}: it is lower-case words joined by "-".`,
      hint: 'Words look like this: nix, hosts-file',
      details: { type: word },
    });
  }
  return free(word, kind);
}

function free(word: string, kind: PluginKind): string {
  if (!TAKEN[kind].includes(word)) return word;
  throw new VmctlError('VMCTL_PLUGIN_NAME_INVALID', {
    message: `The ${KIND_WORDING[kind].wordIs} "${word}" means something already.`,
    hint: 'Choose another one with --type WORD',
    details: { type: word },
  });
}
