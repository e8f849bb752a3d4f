import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../host/atomic-file.js';

/** Files that are flushed at a time. */
const AT_ONCE = 16;

/** Makes everything below a directory last through a power cut. Symbolic links are entries, and not followed. */
export async function syncTree(directory: string): Promise<void> {
  const directories = [directory];
  const files: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) directories.push(path);
    else if (entry.isFile()) files.push(path);
  }
  const each = files.values();
  const worker = async (): Promise<void> => {
    for (const path of each) {
      const file = await open(path, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const path of directories) await syncDirectory(path);
}
