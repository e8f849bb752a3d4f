import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What is below a directory: relative path to a word that changes when the thing does. */
export type Tree = Readonly<Record<string, string>>;

/** Looks at everything below a directory; one that is not there is empty. */
export async function readTree(directory: string): Promise<Tree> {
  const entries: readonly string[] = await readdir(directory, { recursive: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const pairs = await Promise.all(
    entries
      .toSorted()
      .map(async (path): Promise<[string, string | undefined]> => [
        path,
        await describeFile(join(directory, path)),
      ]),
  );
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

async function describeFile(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return 'directory';
    if (stats.isSymbolicLink()) return `link to ${await readlink(path)}`;
    if (!stats.isFile()) return stats.isSocket() ? 'socket' : 'special';
    return `file ${createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
      .slice(0, 16)}`;
  } catch (error) {
    // It went away between the two looks.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
