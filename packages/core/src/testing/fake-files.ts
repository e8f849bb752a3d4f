import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';

/** What is at a path of a fake guest. Modes are permission bits. */
export type FakeFile =
  | { readonly kind: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string };

/** A file system in memory, with absolute POSIX paths. Links are kept, never followed. */
export class FakeFiles {
  readonly #home: string;
  readonly #entries = new Map<string, FakeFile>([['/', { kind: 'directory', mode: 0o755 }]]);

  constructor(home: string) {
    this.#home = home;
    this.makeDirectory(home);
    this.makeDirectory('/tmp', 0o1777);
  }

  /** An absolute path: `~/` is the home directory, and relative paths start there. */
  resolve(path: string): string {
    const fromHome = path === '~' ? '.' : path.startsWith('~/') ? path.slice(2) : path;
    const absolute = posix.resolve(this.#home, fromHome);
    return absolute;
  }

  get(path: string): FakeFile | undefined {
    return this.#entries.get(this.resolve(path));
  }

  /** The content of a file as UTF-8. */
  text(path: string): string | undefined {
    const entry = this.get(path);
    return entry?.kind === 'file' ? Buffer.from(entry.content).toString('utf8') : undefined;
  }

  /** Absolute paths of all that is below a directory, sorted. */
  list(directory = '/'): readonly string[] {
    const prefix = this.resolve(directory).replace(/\/?$/, '/');
    return [...this.#entries.keys()].filter((path) => path !== '/' && path.startsWith(prefix)).toSorted();
  }

  set(path: string, entry: FakeFile): void {
    const absolute = this.resolve(path);
    this.makeDirectory(posix.dirname(absolute));
    this.#entries.set(absolute, entry);
  }

  /** Makes a directory and its parents; one that is there stays as it is. */
  makeDirectory(path: string, mode = 0o755): void {
    const absolute = this.resolve(path);
    const there = this.#entries.get(absolute);
    if (there?.kind === 'directory') return;
    if (there !== undefined) throw new Error(`${absolute} is no directory`);
    this.makeDirectory(posix.dirname(absolute));
    this.#entries.set(absolute, { kind: 'directory', mode });
  }

  remove(path: string): void {
    this.#entries.delete(this.resolve(path));
  }

  /** The path of a file that is copied to `path`: that itself, or in it when it is a directory. */
  target(path: string, name: string): string {
    const isDirectory = path.endsWith('/') || this.get(path)?.kind === 'directory';
    return isDirectory ? posix.join(this.resolve(path), name) : this.resolve(path);
  }

  /** Copies from the real file system; resolves to the bytes of content. */
  async take(localPath: string, path: string): Promise<number> {
    const stats = await stat(localPath);
    const mode = stats.mode & 0o7777;
    if (!stats.isDirectory()) {
      const content = await readFile(localPath);
      this.set(this.target(path, basename(localPath)), { kind: 'file', mode, content });
      return content.length;
    }
    this.makeDirectory(path, mode);
    let bytes = 0;
    for (const name of await readdir(localPath)) {
      const local = join(localPath, name);
      const below = posix.join(this.resolve(path), name);
      if ((await lstat(local)).isSymbolicLink()) {
        this.set(below, { kind: 'link', target: await readlink(local) });
      } else bytes += await this.take(local, below);
    }
    return bytes;
  }

  /** Copies to the real file system. */
  async give(path: string, localPath: string): Promise<void> {
    const entry = this.get(path);
    if (entry === undefined) throw new Error(`${this.resolve(path)} does not exist`);
    if (entry.kind === 'link') return symlink(entry.target, localPath);
    if (entry.kind === 'file') {
      const isDirectory = localPath.endsWith('/') || (await isLocalDirectory(localPath));
      const local = isDirectory ? join(localPath, posix.basename(this.resolve(path))) : localPath;
      await mkdir(dirname(local), { recursive: true });
      await writeFile(local, entry.content);
      return chmod(local, entry.mode);
    }
    await mkdir(localPath, { recursive: true });
    const prefix = this.resolve(path).replace(/\/?$/, '/');
    for (const child of this.list(path)) {
      const name = child.slice(prefix.length);
      if (!name.includes('/')) await this.give(child, join(localPath, name));
    }
    await chmod(localPath, entry.mode);
  }
}

async function isLocalDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
