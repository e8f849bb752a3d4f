import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from './fs-error.js';

/** `sun_path` has 108 bytes on Linux and illumos and 104 on macOS and BSD, the final zero included. */
const LIMIT = 100;

/** Where the links are made; default: that of this process. */
export interface ShortPathOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * A path of at most 100 bytes that leads to `path`, for Unix sockets. A short path comes back as it is, for others
 * a symbolic link to the directory is made in `$XDG_RUNTIME_DIR/vmctl-<uid>` or `/tmp/vmctl-<uid>`. Links are
 * only a way to get there: a socket that was bound through one is found through any other, and a lost one is made anew.
 *
 * @param path - absolute; neither it nor its directory needs to exist
 * @throws VMCTL_UNSAFE_RUNTIME_DIR when somebody else has made the directory for the links
 */
export async function shortPath(path: string, options: ShortPathOptions = {}): Promise<string> {
  if (Buffer.byteLength(path) <= LIMIT) return path;
  const target = dirname(resolve(path));
  const digest = createHash('sha256').update(target).digest('hex').slice(0, 16);
  const runtimeDir = (options.env ?? process.env)['XDG_RUNTIME_DIR'];
  const bases = [runtimeDir, tmpdir(), '/tmp'].filter(
    (base): base is string => base?.startsWith('/') === true,
  );
  const problems: string[] = [];
  for (const base of new Set(bases)) {
    const directory = join(base, `vmctl-${process.getuid?.() ?? 0}`);
    const short = join(directory, digest, basename(path));
    if (Buffer.byteLength(short) > LIMIT) {
      problems.push(`${directory}: too long itself`);
      continue;
    }
    try {
      await ensureOwnDirectory(directory);
      await ensureLink(join(directory, digest), target);
      return short;
    } catch (error) {
      problems.push(`${directory}: ${messageOf(error)}`);
    }
  }
  throw new VmctlError('VMCTL_UNSAFE_RUNTIME_DIR', {
    message: `The path ${path} is too long for a Unix socket, and there is no place for a short link to it:\n  ${problems.join('\n  ')}`,
    hint: 'Set XDG_RUNTIME_DIR to a directory that is yours, or XDG_DATA_HOME to one with a shorter path.',
    details: { path },
  });
}

/** /tmp is everybody's: a directory of that name may have been put there to watch or to divert our sockets. */
async function ensureOwnDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(directory);
  if (!found.isDirectory()) throw new Error('it is not a directory');
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    throw new Error(`it belongs to the user with the id ${found.uid}`);
  }
  if ((found.mode & 0o077) !== 0) await chmod(directory, 0o700);
}

async function ensureLink(link: string, target: string): Promise<void> {
  if ((await targetOf(link)) === target) return;
  const temporary = `${link}.${randomBytes(4).toString('hex')}`;
  await symlink(target, temporary);
  try {
    // Several processes may do this at once: all of them put the same link there.
    await rename(temporary, link);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Where a link leads; undefined for anything that is not a link. */
async function targetOf(link: string): Promise<string | undefined> {
  try {
    return await readlink(link);
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
