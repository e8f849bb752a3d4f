/** Files that belong to root and other users of the guest, made by root or by an ordinary user. */
import { geteuid } from 'node:process';

/** Whether this is root; otherwise a user namespace stands in, which needs the user's range in /etc/subuid. */
export const isRoot = geteuid?.() === 0;

/**
 * The program and arguments with which a command sees itself as root, and the guest's users as users.
 *
 * @param {string} file
 * @param {string[]} args
 * @returns {[file: string, args: string[]]}
 */
export function asRoot(file, args) {
  return isRoot ? [file, args] : ['unshare', ['--map-root-user', '--map-auto', file, ...args]];
}
