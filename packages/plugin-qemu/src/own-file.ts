import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The text of a file that was written for vmctl alone. A named pipe in its place is empty: no reading waits for a writer. */
export function readOwnFile(path: string): Promise<string> {
  return readFile(path, { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NONBLOCK });
}
