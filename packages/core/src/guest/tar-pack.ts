import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import { Header, type HeaderData } from 'tar';
import { fsError } from '../host/fs-error.js';
import { readChunks } from './read-chunks.js';

/** How many files are looked at ahead of the one that is sent: many small ones cost mostly waiting. */
const READ_AHEAD = 32;
/** Files up to here are read at once, and may wait in memory; larger ones are streamed. */
const SMALL_FILE_BYTES = 64 * 1024;
const BLOCK = 512;
/** Pieces in which the archive is sent. */
const PIECE_BYTES = 256 * 1024;

/**
 * A directory's content (not the directory itself) as a tar archive: files, directories and symbolic links with
 * their modes and times, sorted by name. Other things, sockets for example, are left out.
 *
 * Names that do not fit a ustar header go into GNU's long-name records: BusyBox ignores those of pax. A piece is
 * overwritten once the next one is asked for.
 *
 * @param onContent - called with the size of each piece of content
 * @throws VMCTL_NOT_READABLE, VMCTL_FILE_FAILED … which name the file
 */
export async function* packDirectory(
  directory: string,
  onContent: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  yield* inPieces(archive(directory, onContent));
}

async function* archive(directory: string, onContent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const entry of readAhead(walk(directory))) {
    yield* headers(entry);
    if (entry.content !== undefined) {
      yield entry.content;
      onContent(entry.content.length);
    } else if (entry.stats.isFile()) {
      yield* readChunks(entry.path, entry.stats.size, onContent);
    }
    if (entry.stats.isFile()) yield padding(entry.stats.size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

interface Entry {
  /** On the host. */
  readonly path: string;
  /** In the archive. */
  readonly name: string;
  readonly stats: Stats;
  /** Of a small file. */
  readonly content?: Buffer;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** Names below a directory, each directory before what is in it. */
async function* walk(directory: string, prefix = ''): AsyncGenerator<{ path: string; name: string }> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw fsError(error, { verb: 'read', path: directory });
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(directory, entry.name);
    const name = prefix + entry.name;
    yield { path, name };
    if (entry.isDirectory()) yield* walk(path, `${name}/`);
  }
}

/** Loads entries ahead of their turn, and gives them in order. */
async function* readAhead(names: AsyncIterable<{ path: string; name: string }>): AsyncGenerator<Entry> {
  const loading: Promise<Entry>[] = [];
  const next = async function* (): AsyncGenerator<Entry> {
    const entry = await loading.shift();
    if (entry === undefined) return;
    const { stats } = entry;
    if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) yield entry;
  };
  for await (const { path, name } of names) {
    const entry = load(path, name);
    entry.catch(() => undefined); // An error is thrown when its turn comes.
    loading.push(entry);
    if (loading.length >= READ_AHEAD) yield* next();
  }
  while (loading.length > 0) yield* next();
}

async function load(path: string, name: string): Promise<Entry> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return { path, name, stats, target: await readlink(path) };
    if (!stats.isFile() || stats.size > SMALL_FILE_BYTES) return { path, name, stats };
    const content = await readFile(path);
    // The header has to say what follows, should the file be changing.
    stats.size = content.length;
    return { path, name, stats, content };
  } catch (error) {
    throw fsError(error, { verb: 'read', path });
  }
}

function* headers({ name, stats, target }: Entry): Generator<Uint8Array> {
  const data: HeaderData = {
    path: stats.isDirectory() ? `${name}/` : name,
    mode: stats.mode & 0o7777,
    uid: 0,
    gid: 0,
    size: stats.isFile() ? stats.size : 0,
    mtime: stats.mtime,
    type: stats.isDirectory() ? 'Directory' : stats.isSymbolicLink() ? 'SymbolicLink' : 'File',
    ...(target === undefined ? {} : { linkpath: target }),
  };
  const block = encode(data);
  if (!fits(block, 'path', data.path)) yield* longName('NextFileHasLongPath', data.path ?? '');
  if (!fits(block, 'linkpath', target)) yield* longName('NextFileHasLongLinkpath', target ?? '');
  yield block;
}

/** Whether a header has the whole of a name; long ones may fit in two parts, cut at a slash. */
function fits(block: Buffer, field: 'path' | 'linkpath', name: string | undefined): boolean {
  return name === undefined || Buffer.byteLength(name) < 100 || new Header(block)[field] === name;
}

/** GNU's record for a name that the next header has no room for. */
function* longName(
  type: 'NextFileHasLongPath' | 'NextFileHasLongLinkpath',
  name: string,
): Generator<Uint8Array> {
  const content = Buffer.from(`${name}\0`);
  yield encode({ path: '././@LongLink', mode: 0o644, uid: 0, gid: 0, size: content.length, type });
  yield content;
  yield padding(content.length);
}

function encode(data: HeaderData): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header(data).encode(block);
  return block;
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Joins small chunks: each one that is sent costs a packet. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled + chunk.length > PIECE_BYTES) {
      yield piece.subarray(0, filled);
      filled = 0;
    }
    if (chunk.length >= PIECE_BYTES) {
      yield chunk;
    } else {
      piece.set(chunk, filled);
      filled += chunk.length;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
