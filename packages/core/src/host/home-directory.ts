import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/** The user's home directory. An empty or relative $HOME would put data wherever one happens to be. */
export function homeDirectory(): string {
  const home = homedir();
  return isAbsolute(home) ? home : userInfo().homedir;
}
