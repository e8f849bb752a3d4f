import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ProvisionContext } from '@vmctl/core/plugin';
import { codeOf, messageOf } from './thrown.js';

/** How long removing the script may take; an abort leaves little time. */
const REMOVE_MS = 3_000;

/**
 * Makes the script anew: everybody may write to /tmp, so nothing that is there already is written to or run. With
 * noclobber the shell creates the file itself or fails.
 */
const RECEIVE = `path=$1 size=$2
umask 077
rm -f -- "$path" || exit
set -C
cat >"$path" || exit
if [ ! -f "$path" ] || [ -L "$path" ] || [ ! -O "$path" ]; then
  echo "somebody else has put something in its place" >&2
  exit 1
fi
got=$(($(wc -c <"$path")))
if [ "$got" -ne "$size" ]; then
  echo "$got of $size bytes came through" >&2
  exit 1
fi
chmod 700 "$path"`;

/** Where the script of a step is put in the guest. */
export function guestScriptPath(step: string): string {
  const safe = step.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100);
  return `/tmp/vmctl-provision-${safe}.sh`;
}

/** Puts a script into the guest, lets it be used, and removes it, whatever happens. */
export async function withGuestScript<T>(
  ctx: ProvisionContext,
  localPath: string,
  use: (remotePath: string) => Promise<T>,
): Promise<T> {
  const remotePath = guestScriptPath(ctx.step.name);
  try {
    await send(ctx, localPath, remotePath);
    return await use(remotePath);
  } finally {
    await remove(ctx, remotePath);
  }
}

async function send(ctx: ProvisionContext, localPath: string, remotePath: string): Promise<void> {
  const { guest, signal } = ctx;
  const { size } = await stat(localPath);
  const content = createReadStream(localPath);
  try {
    const words = ['sh', '-c', RECEIVE, 'sh', remotePath, String(size)];
    const { exitCode, stderr } = await guest.exec(words, { stdin: content, signal });
    if (exitCode === 0) return;
    const said = stderr.trim();
    throw ctx.error('VMCTL_SHELL_UPLOAD_FAILED', {
      message: `the script could not be written to ${remotePath} in the guest: ${said === '' ? `exit code ${exitCode}` : said}`,
      hint: /no space left/i.test(said)
        ? 'The disk of the guest is full.'
        : `See what is there: vmctl ssh ${ctx.vm.name} -- ls -ld /tmp ${remotePath}`,
    });
  } finally {
    content.destroy();
  }
}

async function remove(ctx: ProvisionContext, remotePath: string): Promise<void> {
  try {
    await ctx.guest.remove(remotePath, { signal: AbortSignal.timeout(REMOVE_MS) });
  } catch (error) {
    // Without a connection it stays; the next run replaces it.
    ctx.log.debug(`could not remove ${remotePath}`, codeOf(error) ?? '', messageOf(error));
  }
}
