import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Digest of all files below a directory: their names, contents and the targets of symbolic links. Tells whether an
 * installed tree is still what was installed. Hexadecimal SHA-256.
 */
export async function digestOfTree(directory: string): Promise<string> {
  const hash = createHash('sha256');
  await addDirectory(directory, '', hash);
  return hash.digest('hex');
}

async function addDirectory(directory: string, prefix: string, hash: Hash): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await addDirectory(path, `${name}/`, hash);
    else if (entry.isSymbolicLink()) add(hash, `l${name}`, await readlink(path));
    else if (entry.isFile()) add(hash, `f${name}`, await readFile(path));
  }
}

/** With its length before it, so that no name or content can pass for another. */
function add(hash: Hash, name: string, content: string | Uint8Array): void {
  const bytes = Buffer.from(content);
  hash.update(`${Buffer.byteLength(name)} ${name} ${bytes.length}\n`).update(bytes);
}
