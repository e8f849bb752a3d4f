import { readFile } from 'node:fs/promises';

/** Whether two files are the same, byte by byte: a matcher that looks at each of a million takes seconds. */
export async function haveSameContent(one: string, other: string): Promise<boolean> {
  return (await readFile(one)).equals(await readFile(other));
}
