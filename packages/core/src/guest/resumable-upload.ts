import { OutputTail } from '../host/output-tail.js';
import type { TransferOptions } from './contract.js';
import { readChunks } from './read-chunks.js';
import { runFileTask } from './remote-files.js';
import type { SshConnection } from './ssh-connection.js';
import { partName, prefixDigest } from './transfer-part.js';

/** A local file, and where it goes. */
export interface ResumableFile {
  readonly path: string;
  readonly mtimeMs: number;
  readonly remotePath: string;
  /** Statements that succeed when the login user may write it. */
  readonly allowed: string;
  /** Its name in a remote directory. */
  readonly name: string;
  readonly mode: number;
  readonly size: number;
}

/** The unit in which `dd` counts; what has arrived of the last one is sent again. */
const BLOCK = 64 * 1024;

/** `$1` is the file's name in a directory, `$2` that of the part. */
const FIND = `if [ -d "$path" ]; then path=\${path%/}/$1; fi
case $path in
  */*) directory=\${path%/*} ; directory=\${directory:-/} ;;
  *) directory=. ;;
esac
part=$directory/$2`;

/**
 * Says how much has arrived, and its digest. What is written in place cannot be resumed. A part of an earlier source is
 * of no use any more.
 */
const LOOK = `case $path in */) mkdir -p "$path" || exit ;; esac
${FIND}
[ -d "$directory" ] || mkdir -p "$directory" || exit
if [ -L "$path" ] || { [ -e "$path" ] && { [ ! -f "$path" ] || [ ! -w "$directory" ]; }; }; then echo plain; exit; fi
for other in "$directory/$3"*; do
  [ "$other" = "$part" ] || rm -f "$other"
done
if [ ! -f "$part" ] || [ -L "$part" ] || [ ! -O "$part" ]; then rm -f "$part"; echo "part 0 -"; exit; fi
sum=$(sha256sum <"$part")
echo "part $(($(wc -c <"$part"))) \${sum%% *}"`;

/**
 * Writes from a block on. Each block has its place: whoever sends the same file at the same time writes the same. The
 * part has the final name when it is whole, and is its owner's alone until then: in a directory that everybody writes
 * to, somebody else's file or link is not taken for it.
 */
const WRITE = `${FIND}
mode=$3 size=$4 block=$5
umask 077
if [ $block = 0 ]; then
  rm -f "$part"
  (set -C; : >"$part") || exit
fi
dd of="$part" bs=${BLOCK} seek=$block conv=notrunc 2>/dev/null || exit
got=$(($(wc -c <"$part")))
if [ $got != $size ]; then echo "$got of $size bytes came through" >&2; exit 1; fi
chmod $mode "$part" && mv -f "$part" "$path"`;

/**
 * Sends a file whose part stays in the guest when the connection ends before it is whole.
 *
 * @returns false when it cannot be done this way: the target is no plain file
 */
export async function uploadResumably(
  connection: SshConnection,
  file: ResumableFile,
  options: TransferOptions,
): Promise<boolean> {
  const { remotePath, allowed, name, mode, size } = file;
  const { signal, sudo } = options;
  const part = partName(`${remotePath}\n${name}`, [file.path, size, file.mtimeMs]);
  const task = { verb: 'write', path: remotePath, allowed, sudo };
  const said = new OutputTail(1024);
  await runFileTask(
    connection,
    { ...task, body: LOOK, args: [name, part.name, part.prefix] },
    { signal, onStdout: (chunk) => said.push(chunk) },
  );
  const [kind, bytes = '0', sum] = said.text().trim().split(' ');
  if (kind !== 'part') return false;

  const there = Number(bytes);
  const isPrefix = there >= BLOCK && there <= size && (await prefixDigest(file.path, there, signal)) === sum;
  const block = isPrefix ? Math.floor(there / BLOCK) : 0;
  let done = block * BLOCK;
  if (done > 0) options.onResume?.(done);
  options.onProgress?.(done);
  const content = readChunks(file.path, size, (count) => options.onProgress?.((done += count)), done);
  const args = [name, part.name, mode.toString(8), String(size), String(block)];
  await runFileTask(connection, { ...task, body: WRITE, args }, { stdin: content, signal });
  return true;
}
