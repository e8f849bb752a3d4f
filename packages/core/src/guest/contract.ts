import type { Readable } from 'node:stream';
import type { GuestAddress } from '../hypervisor/contract.js';

/** How a command is run in the guest. */
export interface GuestExecOptions {
  /** Set for the command; names are checked, values quoted. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its input; without it the input is empty. */
  readonly stdin?: string | Uint8Array | Readable | undefined;
  /** Every chunk as it comes. While the callback's promise is open nothing more is read: back-pressure. */
  readonly onStdout?: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  /** Like `onStdout`. */
  readonly onStderr?: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  /** An abort ends the command in the guest (its process group) as far as the connection allows. */
  readonly signal?: AbortSignal | undefined;
  /** No limit by default. */
  readonly timeoutMs?: number | undefined;
}

/** `stdout` and `stderr` hold the last 64 KiB of each. */
export interface GuestExecResult {
  /** Null when a signal ended the command. */
  readonly exitCode: number | null;
  /** The signal that ended it, `SIGTERM`; null when it exited. */
  readonly signal: string | null;
  /** The last 64 KiB; take everything with `onStdout`. */
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

/** How files are copied to or from the guest. */
export interface TransferOptions {
  /** An abort ends the transfer; what arrived of a file may be left. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of content moved so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /**
   * `auto` (default): the login user writes where it may, else through `sudo -n`. `always`, `never`: as they say.
   */
  readonly sudo?: 'auto' | 'always' | 'never' | undefined;
  /**
   * Keeps what has arrived of a big file when the transfer ends early, beside the target, and goes on from there the
   * next time, provided that it is the beginning of the file as it is then (by SHA-256). Directories start over.
   * Default false.
   */
  readonly resume?: boolean | undefined;
  /** With `resume`: how many bytes were there already. */
  readonly onResume?: ((bytes: number) => void) | undefined;
}

/**
 * A logged-in connection to a guest. Safe for several commands at once.
 *
 * All methods reject with VMCTL_GUEST_DISCONNECTED when the connection is lost, and with the signal's reason on abort.
 */
export interface GuestSession {
  /** Who is logged in. */
  readonly user: string;
  /** Where the session is connected to. */
  readonly address: Extract<GuestAddress, { kind: 'tcp' }>;
  /**
   * Runs a command to its end. A string goes to the login shell as it is; an array is quoted, argument by argument.
   * A non-zero exit is a result, not an error.
   */
  exec(command: string | readonly string[], options?: GuestExecOptions): Promise<GuestExecResult>;
  /**
   * Copies a file, or a directory's content, in one stream; modes and symbolic links are kept.
   * A file: `remotePath` is the file itself, or a directory when it ends in `/` or is one. A directory: `remotePath`
   * is the directory that gets the content; it is made when missing.
   */
  upload(localPath: string, remotePath: string, options?: TransferOptions): Promise<void>;
  /** The other way round, with the same rules. */
  download(remotePath: string, localPath: string, options?: TransferOptions): Promise<void>;
  /** Writes a small file; `mode` default 0o600. */
  writeFile(
    remotePath: string,
    content: string | Uint8Array,
    options?: { readonly mode?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Makes a directory and its parents. */
  mkdir(remotePath: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Removes a file; a missing one is fine. */
  remove(remotePath: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Ends the connection. Idempotent. */
  end(): Promise<void>;
}

/**
 * How programs of the host reach the guest over SSH themselves: `ssh`, `rsync`, `ansible-playbook`. The host key is
 * pinned already, so it is checked strictly and nobody is asked.
 */
export interface SshAccess {
  /** Address or name. */
  readonly host: string;
  /** TCP port, from 1 to 65535. */
  readonly port: number;
  /** Who logs in. */
  readonly user: string;
  /** Private key files, best first; absolute. Empty: only an ssh-agent holds the key. */
  readonly identityFiles: readonly string[];
  /** The known_hosts file of this VM. Absolute. */
  readonly knownHostsFile: string;
  /** The name under which that file has the host key: it outlives changes of address and port. */
  readonly hostKeyAlias: string;
  /**
   * Settings of ssh_config(5) that say all of this but host, port and user, each `Name=value` and quoted as OpenSSH
   * reads it: for `ssh -o`, or lines of a configuration file. Whether connections are shared is left to the caller.
   */
  readonly settings: readonly string[];
}
