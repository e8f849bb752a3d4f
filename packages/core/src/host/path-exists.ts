import { access } from 'node:fs/promises';

/** Whether something is at a path, links followed. What this user may not look at counts as not there. */
export async function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
