import type { GuestSession, PluginHost } from '@vmctl/core/plugin';
import { withEntries } from './hosts-block.js';
import type { HostsFileConfig } from './hosts-file-node.js';

/** A missing file is an empty one. */
const READ = 'if [ -e "$1" ]; then cat -- "$1"; fi';
/** Exits 0 when the login user may write the file and beside it. */
const MAY_WRITE = 'test -w "$(dirname -- "$1")" && { test -w "$1" || test ! -e "$1"; }';
/** Writes beside the file and renames, so that nobody ever reads half of it; keeps its owner and mode. */
const WRITE = `set -e
umask 022
new="$1.vmctl-new"
trap 'rm -f -- "$new"' EXIT
if [ -e "$1" ]; then cp -p -- "$1" "$new"; fi
cat > "$new"
mv -f -- "$new" "$1"`;

/** What {@link writeHostsFile} works with. */
export interface HostsFileJob {
  readonly guest: GuestSession;
  readonly config: HostsFileConfig;
  readonly signal: AbortSignal;
  readonly error: PluginHost['error'];
}

/**
 * Brings the guest's hosts file to what the VMFile says, as the login user or through `sudo -n`.
 *
 * @throws HOSTS_FILE_DAMAGED when somebody has taken away one mark of vmctl's part
 * @throws HOSTS_FILE_FAILED when the guest cannot read or write the file
 */
export async function writeHostsFile(job: HostsFileJob): Promise<'written' | 'unchanged'> {
  const { config, error } = job;
  const before = await run(job, READ);
  const after = withEntries(before, config.entries);
  if (after === undefined) {
    throw error('HOSTS_FILE_DAMAGED', {
      message: `${config.path} of the guest has one of the two marks of vmctl's part, and not the other.`,
      hint: 'Remove the lines that begin with "# vmctl hosts-file:" and what is between them.',
    });
  }
  if (after === before) return 'unchanged';
  const mayWrite = await job.guest.exec(['sh', '-c', MAY_WRITE, 'sh', config.path], { signal: job.signal });
  await run(job, WRITE, { stdin: after, sudo: mayWrite.exitCode !== 0 });
  return 'written';
}

/** Runs a script on the file; gives all that it prints, which for a long file is more than `exec` keeps. */
async function run(
  { guest, config, signal, error }: HostsFileJob,
  script: string,
  { stdin, sudo = false }: { readonly stdin?: string; readonly sudo?: boolean } = {},
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const command = [...(sudo ? ['sudo', '-n'] : []), 'sh', '-c', script, 'sh', config.path];
  const { exitCode, stderr } = await guest.exec(command, {
    signal,
    stdin,
    onStdout: (chunk) => void chunks.push(chunk),
  });
  if (exitCode !== 0) {
    const what = stdin === undefined ? 'read' : 'written';
    throw error('HOSTS_FILE_FAILED', {
      message: `${config.path} of the guest cannot be ${what}: ${stderr.trim() || `exit code ${exitCode}`}`,
      hint: sudo ? `${guest.user} needs sudo without a password, or log in as root.` : undefined,
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}
