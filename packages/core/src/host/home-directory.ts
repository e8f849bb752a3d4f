import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The user's home directory. An empty or relative $HOME would put data wherever one happens to be. */
export function homeDirectory(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}

/** A path that begins with `~`, the home directory, written out; every other path as it is. */
export function expandHome(path: string, homeDir: string): string {
  return path === '~' || path.startsWith('~/') ? join(homeDir, path.slice(1)) : path;
}
