import { constants, readFileSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { devNull } from 'node:os';

// Should it have become a pipe since it was looked at, nothing waits for the other end.
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

/** Something else is in the place of a file. */
export class NotRegularFile extends Error {
  /** What is there: `a named pipe`. */
  readonly kind: string;

  constructor(path: string, kind: string) {
    super(`${path} is ${kind}, and no file`);
    this.name = 'NotRegularFile';
    this.kind = kind;
  }
}

/**
 * Opens a file for reading, or as `flags` say, that has to be a regular one or a link to one. A named pipe would be waited
 * for, maybe for ever, and a device may have no end. The null device is an empty file, and any device may be written to.
 *
 * @param mode - of a file that is made by it
 * @throws {@link NotRegularFile}, or the error of the file system for what cannot be opened
 */
export async function openRegular(path: string, flags = O_RDONLY, mode?: number): Promise<FileHandle> {
  // What cannot be looked at cannot be opened either, which says why.
  const stats = await stat(path).catch(() => undefined);
  const writes = (flags & (O_WRONLY | O_RDWR)) !== 0;
  if (stats !== undefined && !(writes && stats.isCharacterDevice())) mustBeRegular(path, stats);
  return open(path, flags | O_NONBLOCK, mode);
}

/** The content of a file as {@link openRegular} opens it. */
export async function readRegular(path: string): Promise<Buffer> {
  await using file = await openRegular(path);
  return await file.readFile();
}

/** The content of a file as {@link openRegular} opens it, as UTF-8. */
export async function readRegularText(path: string): Promise<string> {
  return (await readRegular(path)).toString('utf8');
}

/** {@link readRegularText} for what is read at the start of every command. */
export function readRegularTextSync(path: string): string {
  mustBeRegular(path, statSync(path));
  return readFileSync(path, { encoding: 'utf8', flag: O_RDONLY | O_NONBLOCK });
}

function mustBeRegular(path: string, stats: Stats): void {
  if (stats.isFile() || isNull(stats)) return;
  throw new NotRegularFile(path, kindOf(stats));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function isNull(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === statSync(devNull).rdev;
}
