import { stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { isVmctlError } from '../errors/vmctl-error.js';
import type { TransferOptions } from './contract.js';
import { ReceivedFile } from './received-file.js';
import { runFileTask } from './remote-files.js';
import type { SshConnection } from './ssh-connection.js';
import type { TarUnpacker } from './tar-unpack.js';

/** Says what comes in one line, its kind and mode, and sends it. */
const READ = `if [ ! -e "$path" ]; then echo "there is no such file or directory" >&2; exit 1; fi
mode=$(ls -ldL "$path") || exit
mode=\${mode%% *}
if [ -d "$path" ]; then
  echo "directory $mode"
  exec tar -cf - -C "$path" .
fi
echo "file $mode"
exec cat "$path"`;

/** Where the user cannot look at all, the path may exist nevertheless. */
const MAY_READ = `if [ -d "$path" ]; then [ -r "$path" ] && [ -x "$path" ]
elif [ -e "$path" ]; then [ -r "$path" ]
else [ -x "$nearest" ]; fi`;

/**
 * Copies a file or a directory's content from the guest, in one stream.
 *
 * A file takes the place of a local one in one step. Set-uid, set-gid and sticky bits are not taken over: a guest
 * has no say in what runs with whose rights on the host.
 */
export async function download(
  connection: SshConnection,
  remotePath: string,
  localPath: string,
  options: TransferOptions,
): Promise<void> {
  const { sudo = 'auto' } = options;
  try {
    await receive(connection, remotePath, localPath, options);
  } catch (error) {
    // Something below a directory that the user may read may be closed all the same.
    if (sudo !== 'auto' || !isVmctlError(error) || error.code !== 'VMCTL_GUEST_PERMISSION_DENIED')
      throw error;
    await receive(connection, remotePath, localPath, { ...options, sudo: 'always' }).catch(() => {
      throw error;
    });
  }
}

async function receive(
  connection: SshConnection,
  remotePath: string,
  localPath: string,
  options: TransferOptions,
): Promise<void> {
  const { sudo, signal, onProgress } = options;
  if (options.resume === true) {
    const { downloadResumably } = await import('./resumable-download.js');
    const local = await fileIn(localPath, remotePath);
    if (await downloadResumably(connection, { remotePath, allowed: MAY_READ }, local, options)) return;
  }
  const target = new Target(remotePath, localPath, onProgress);
  const task = { verb: 'read', path: remotePath, allowed: MAY_READ, body: READ, sudo };
  try {
    await runFileTask(connection, task, {
      signal,
      onStdout: (chunk) => target.take(chunk),
      // GNU tar's exit status 1: something changed meanwhile, or is of a kind that is not archived.
      isFine: ({ exitCode }, stderr) =>
        exitCode === 1 && stderr !== '' && stderr.split('\n').every((line) => HARMLESS.test(line)),
    });
    await target.finish();
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

const HARMLESS = /^tar: .*(file changed as we read it|socket ignored|file removed before we read it)$/;

/** Takes what the guest sends, and finds out from its first line what it is. */
class Target {
  readonly #remotePath: string;
  readonly #localPath: string;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  #received = 0;
  #head: Buffer | undefined = Buffer.alloc(0);
  #into: ReceivedFile | TarUnpacker | undefined;

  constructor(remotePath: string, localPath: string, onProgress: ((bytes: number) => void) | undefined) {
    this.#remotePath = remotePath;
    this.#localPath = localPath;
    this.#onProgress = onProgress;
  }

  take(chunk: Uint8Array): void | Promise<void> {
    if (this.#head === undefined) return this.#content(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf('\n');
    return end === -1
      ? undefined
      : this.#begin(this.#head.toString('latin1', 0, end), this.#head.subarray(end + 1));
  }

  async finish(): Promise<void> {
    await this.#into?.finish();
  }

  async abandon(): Promise<void> {
    await this.#into?.abandon();
  }

  async #begin(line: string, rest: Uint8Array): Promise<void> {
    this.#head = undefined;
    const [kind, mode = ''] = line.split(' ');
    if (kind === 'directory') {
      const { TarUnpacker } = await import('./tar-unpack.js');
      this.#into = await TarUnpacker.open(this.#localPath, permissions(mode));
    } else {
      this.#into = await ReceivedFile.open(
        await fileIn(this.#localPath, this.#remotePath),
        permissions(mode),
      );
    }
    if (rest.length > 0) await this.#content(rest);
  }

  #content(chunk: Uint8Array): void | Promise<void> {
    this.#received += chunk.length;
    this.#onProgress?.(this.#received);
    return this.#into?.take(chunk);
  }
}

/** `-rwxr-x---` as a number, without set-uid, set-gid and sticky bits. */
function permissions(symbolic: string): number {
  let mode = 0;
  for (const letter of symbolic.slice(1, 10)) mode = mode * 2 + (/[-STl]/.test(letter) ? 0 : 1);
  return mode;
}

/** The local file for a remote one: the path itself, or in it when it is a directory. */
async function fileIn(localPath: string, remotePath: string): Promise<string> {
  const isDirectory =
    localPath.endsWith('/') ||
    (await stat(localPath).then(
      (stats) => stats.isDirectory(),
      () => false,
    ));
  return isDirectory ? join(localPath, posix.basename(remotePath)) : resolve(localPath);
}
