import { resolve } from 'node:path';
import validRange from 'semver/ranges/valid.js';
import type { NodeReader } from './node-reader.js';
import type { PackageRequirement, PluginRequirement } from './plugin-requirement.js';
import { show } from './value-kinds.js';

/** Names that npm accepts for new packages, but for the few that it keeps for itself. */
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const LONGEST_NAME = 214;
const FOLDER = /^\.\.?(?:\/|$)/;

/** Reads the `plugins` node, whole: what is wrong in it is reported before anything is installed. */
export function readPlugins(node: NodeReader): readonly PluginRequirement[] {
  const seen = new Set<string>();
  const requirements = node.children('require').flatMap((entry) => {
    const requirement = readRequirement(entry);
    if (requirement === undefined) return [];
    const identity = requirement.kind === 'package' ? requirement.name : requirement.path;
    if (seen.has(identity)) {
      const written = requirement.kind === 'package' ? requirement.name : requirement.written;
      entry.problem(`${show(written)} is required twice`, {
        at: { kind: 'argument', index: 0 },
        hint: 'Keep one of them.',
      });
      return [];
    }
    seen.add(identity);
    return [requirement];
  });
  node.hintAbout('install', 'A plugin that the file needs is written: require "@acme/vmctl-plugin" "^1.2"');
  node.finish();
  node.excuse();
  return requirements;
}

function readRequirement(node: NodeReader): PluginRequirement | undefined {
  const written = node.argument(0, { required: true, what: 'package' });
  if (written === undefined) {
    node.excuse();
    return undefined;
  }
  const at = { kind: 'argument', index: 0 } as const;
  if (FOLDER.test(written)) {
    if (node.arguments.length > 1) {
      node.problem('a folder has no range of versions: it is what it is', {
        at: { kind: 'argument', index: 1 },
        hint: `Write require ${show(written)}`,
      });
    }
    return { kind: 'folder', written, path: resolve(node.baseDir, written) };
  }
  const complaint = complaintAbout(written);
  if (complaint !== undefined) {
    node.problem(complaint.message, { at, hint: complaint.hint });
    node.excuse();
    return undefined;
  }
  return readPackage(written, node);
}

function readPackage(name: string, node: NodeReader): PackageRequirement | undefined {
  if (node.arguments.length < 2) {
    node.problem(`${node.title} lacks its range of versions`, { hint: `Write require ${show(name)} "^1.2"` });
    return undefined;
  }
  const range = node.argument(1, { what: 'range', check: checkRange });
  return range === undefined ? undefined : { kind: 'package', name, range };
}

function checkRange(range: string): string | undefined {
  if (range.trim() !== '' && validRange(range) !== null) return undefined;
  return `must be a range of versions such as "^1.2", "~1.2.3", ">=1.2 <3" or "*", not ${show(range)}`;
}

function complaintAbout(written: string): { readonly message: string; readonly hint?: string } | undefined {
  const [, name, version] = /^(@?[^@]+)@(.+)$/.exec(written) ?? [];
  if (name !== undefined && version !== undefined && PACKAGE_NAME.test(name)) {
    return {
      message: `the range of versions does not belong into the name: ${show(written)}`,
      hint: `Write require ${show(name)} ${show(version)}`,
    };
  }
  if (/^(?:\/|~|[a-z+]+:)/i.test(written)) {
    return {
      message: `only packages of a registry and folders of this repository can be required, not ${show(written)}`,
      hint: 'A folder is written relative to the VMFile: require "./plugins/my-plugin"',
    };
  }
  if (!PACKAGE_NAME.test(written) || written.length > LONGEST_NAME) {
    return {
      message: `${show(written)} cannot be the name of a package`,
      hint: 'Write it as npm does, in lower case: "vmctl-plugin-x" or "@acme/vmctl-plugin-x". A folder begins with "./".',
    };
  }
  if (written === '@vmctl/core') {
    return { message: '"@vmctl/core" is vmctl itself, and no plugin', hint: 'Leave it out.' };
  }
  return undefined;
}
