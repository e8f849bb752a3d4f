import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fsError } from '../host/fs-error.js';
import { readRegular } from '../host/regular-file.js';
import type { ChannelInput } from './channel-writer.js';
import type { TransferOptions } from './contract.js';
import { readChunks } from './read-chunks.js';
import { runFileTask } from './remote-files.js';
import { RESUMABLE_BYTES } from './transfer-part.js';
import type { SshConnection } from './ssh-connection.js';

/** Copies a file or a directory's content to the guest, in one stream. */
export async function upload(
  connection: SshConnection,
  localPath: string,
  remotePath: string,
  options: TransferOptions,
): Promise<void> {
  const stats = await stat(localPath).catch((error: unknown) => {
    throw fsError(error, { verb: 'read', path: localPath });
  });
  let sent = 0;
  const onContent = (bytes: number): void => options.onProgress?.((sent += bytes));
  if (stats.isDirectory()) {
    const { packDirectory } = await import('./tar-pack.js');
    const mode = stats.mode & 0o7777;
    return sendDirectory(connection, packDirectory(localPath, onContent), { remotePath, mode }, options);
  }
  const file = {
    remotePath,
    name: basename(resolve(localPath)),
    mode: stats.mode & 0o7777,
    size: stats.size,
  };
  if (stats.size === 0) {
    // Files of /proc have content all the same.
    const content = await readRegular(localPath).catch((error: unknown) => {
      throw fsError(error, { verb: 'read', path: localPath });
    });
    await sendFile(connection, content, { ...file, size: content.length }, options);
    if (content.length > 0) onContent(content.length);
    return;
  }
  if (options.resume === true && stats.size >= RESUMABLE_BYTES) {
    const { uploadResumably } = await import('./resumable-upload.js');
    const source = { path: resolve(localPath), mtimeMs: stats.mtimeMs, allowed: MAY_WRITE_FILE };
    if (await uploadResumably(connection, { ...source, ...file }, options)) return;
  }
  return sendFile(connection, readChunks(localPath, stats.size, onContent), file, options);
}

/** Writes a small file. */
export function uploadBytes(
  connection: SshConnection,
  content: string | Uint8Array,
  remotePath: string,
  options: { readonly mode?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { mode = 0o600, signal } = options;
  const file = { remotePath, name: basename(remotePath), mode, size: Buffer.byteLength(content) };
  return sendFile(connection, content, file, { signal });
}

/**
 * A new file takes the place of the old one in one step, with its final mode. What is no plain file of its own (a
 * symbolic link, a device), or lies in a directory where nothing can be made, is written in place.
 *
 * The size is compared before: a connection that breaks looks like the end of the file from there.
 *
 * `cat` runs in the background because a shell heeds no signal while it waits for anything else: one that reaches the
 * shell just before it starts `cat` would wait for it, and nobody would remove the new file. The file is opened by the
 * shell, so that `cat` cannot make it once it was removed.
 */
const WRITE_FILE = `name=$1 mode=$2 size=$3 id=$4 mask=$5 is_masked=$6
case $path in */) mkdir -p "$path" || exit ;; esac
if [ -d "$path" ]; then path=\${path%/}/$name; fi
case $path in
  */*) directory=\${path%/*} ; directory=\${directory:-/} ;;
  *) directory=. ;;
esac
[ -d "$directory" ] || mkdir -p "$directory" || exit
receive() {
  exec 3<&0 4>"$1"
  cat <&3 >&4 &
  exec 4>&-
  wait $! || exit
  [ -f "$1" ] || return 0
  got=$(($(wc -c <"$1")))
  if [ $got != $size ]; then echo "$got of $size bytes came through" >&2; exit 1; fi
}
if [ -L "$path" ] || { [ -e "$path" ] && { [ ! -f "$path" ] || [ ! -w "$directory" ]; }; }; then
  receive "$path"
  [ ! -f "$path" ] || chmod $mode "$path"
else
  new=$directory/.vmctl-$id
  trap 'rm -f "$new"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  umask $mask
  set -C
  receive "$new"
  [ $is_masked = yes ] || chmod $mode "$new" || exit
  mv -f "$new" "$path" && trap - EXIT
fi`;

/** A file may be written where its directory takes new entries, and where it is there and writable itself. */
const MAY_WRITE_FILE = `if [ ! -d "$path" ] && [ -w "$path" ]; then return 0; fi
[ -w "$nearest" ] && [ -x "$nearest" ] && { [ ! -k "$nearest" ] || [ -d "$path" ] || [ ! -e "$path" ]; }`;

async function sendFile(
  connection: SshConnection,
  content: ChannelInput,
  file: {
    readonly remotePath: string;
    readonly name: string;
    readonly mode: number;
    readonly size: number;
  },
  { sudo, signal }: TransferOptions,
): Promise<void> {
  const { remotePath: path, name, mode, size } = file;
  // New files are made with mode 666 less a mask, which often says it all: each program counts in a slow guest.
  const mask = (0o777 & ~mode).toString(8);
  const isMasked = (mode & ~0o666) === 0 ? 'yes' : 'no';
  const id = randomBytes(6).toString('hex');
  const args = [name, mode.toString(8), String(size), id, mask, isMasked];
  const task = { verb: 'write', path, allowed: MAY_WRITE_FILE, body: WRITE_FILE, args, sudo };
  await runFileTask(connection, task, { stdin: content, signal });
}

/**
 * The directory's own mode is set only when it is made: \`/tmp\` as a destination must stay what it is. \`-o\` gives
 * everything to whoever unpacks it, \`-p\` keeps modes; BusyBox knows both.
 */
const UNPACK = `mode=$1
[ -d "$path" ] || { mkdir -p "$path" && chmod $mode "$path"; } || exit
exec tar -xpof - -C "$path"`;

async function sendDirectory(
  connection: SshConnection,
  content: ChannelInput,
  directory: { readonly remotePath: string; readonly mode: number },
  { sudo, signal }: TransferOptions,
): Promise<void> {
  const { remotePath: path, mode } = directory;
  const allowed = '[ -w "$nearest" ] && [ -x "$nearest" ]';
  const task = { verb: 'write', path, allowed, body: UNPACK, args: [mode.toString(8)], sudo };
  await runFileTask(connection, task, { stdin: content, signal });
}
