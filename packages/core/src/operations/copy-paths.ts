import { basename } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { VM_NAME } from '../state/data-dir.js';

/** A path of this host, or of a VM. */
export interface CopyPath {
  /** Undefined: this host. */
  readonly vm: string | undefined;
  readonly path: string;
}

/** Which way, and with which VM. */
export interface CopyRoute {
  readonly vm: string;
  readonly direction: 'upload' | 'download';
  readonly sources: readonly string[];
  readonly destination: string;
}

/**
 * Reads `web:/srv/site`. A path with a colon in it is one of this host when there is a slash before the colon:
 * `./web:1`. `web:` is the login user's home directory.
 */
export function parseCopyPath(text: string): CopyPath {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  if (colon <= 0 || !VM_NAME.test(name)) return { vm: undefined, path: text };
  return { vm: name, path: text.slice(colon + 1) || '~/' };
}

/**
 * Makes sure that all goes one way between this host and one VM.
 *
 * @throws VMCTL_USAGE
 */
export function routeOf(sources: readonly string[], destination: string): CopyRoute {
  const from = sources.map(parseCopyPath);
  const to = parseCopyPath(destination);
  if ([...from, to].some(({ path }) => path === ''))
    throw usage('A path is empty.', 'Name a file: web:/etc/motd');
  const paths = from.map(({ path }) => path);
  const others = new Set(from.map(({ vm }) => vm));
  const [other] = others;
  if (to.vm !== undefined && [...others].every((vm) => vm === undefined)) {
    return { vm: to.vm, direction: 'upload', sources: paths, destination: to.path };
  }
  if (to.vm === undefined && others.size === 1 && other !== undefined) {
    return { vm: other, direction: 'download', sources: paths, destination: to.path };
  }
  if (to.vm !== undefined) {
    throw usage(
      'Files cannot be copied from one guest to another, or from here and a guest at once.',
      'Copy them to this host first, and from here to the other guest.',
    );
  }
  if (others.size > 1)
    throw usage('All sources have to be in the same place.', 'Use one command for each VM.');
  throw usage('Neither side is a VM.', 'Name one: vmctl cp FILE web:/tmp/, or vmctl cp web:/etc/motd .');
}

/**
 * Where a source goes, as with `cp -r`: into a directory that is there, under its own name; else it is made with the
 * name of the destination. `dir/.` stands for the content of a directory.
 */
export function targetOf(source: string, destination: string, isDirectory: boolean): string {
  const name = basename(source.replace(/\/+$/, ''));
  const isContent = ['', '.', '..', '~'].includes(name);
  if (isContent || !isDirectory) return destination;
  return `${destination.replace(/\/+$/, '')}/${name}`;
}

function usage(message: string, hint: string): VmctlError {
  return new VmctlError('VMCTL_USAGE', { message, hint });
}
