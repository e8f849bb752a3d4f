import { VmctlError } from '../errors/vmctl-error.js';
import { isJsonObject } from '../host/json-object.js';

/** What a failed npm left. */
export interface FailedNpm {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Where it worked. */
  readonly cwd: string;
}

/** npm's own words about its failure, from `--json`. */
interface NpmProblem {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

const NOT_FOUND = ['E404', 'ENOVERSIONS', 'EINVALIDPACKAGENAME', 'EINVALIDTAGNAME', 'EUNSUPPORTEDPROTOCOL'];
const DENIED = ['E401', 'E403', 'ENEEDAUTH', 'EOTP', 'EAUTHIP', 'EAUTHUNKNOWN', 'EINVALIDAUTH'];
const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS'];
const DISK_FULL = ['ENOSPC', 'EDQUOT'];
const CHANGED = ['EINTEGRITY', 'EBADSIZE'];
const DAMAGED = ['TAR_BAD_ARCHIVE', 'TAR_ABORT', 'TAR_ENTRY_ERROR', 'Z_DATA_ERROR', 'Z_BUF_ERROR'];
/** The exit status of git. */
const GIT_FAILED = '128';
const UNREACHABLE =
  /^(E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|CONNABORTED|TIMEDOUT|HOSTUNREACH|NETUNREACH|PIPE|PROTO|NOTCACHED|5\d\d)|ERR_SOCKET_TIMEOUT|ERR_SSL_.*|FETCH_ERROR|.*CERT.*|UNABLE_TO_.*)$/;

/** A failure of npm as one of ours: what it could not do, why, and what to do about it. */
export function npmFailure(failed: FailedNpm): VmctlError {
  const problem = readProblem(failed.stdout);
  const { code, summary, detail } = problem ?? { code: '', summary: lastWords(failed.stderr), detail: '' };
  const make = (ours: string, message: string, hint?: string): VmctlError =>
    new VmctlError(ours, {
      message,
      hint,
      details: { npm: { code, summary, detail }, exitCode: failed.exitCode },
    });
  const why = firstLine(summary);

  if (code === 'ETARGET') {
    const subject = /for (\S+?)\.?$/.exec(why)?.[1];
    const name = subject?.replace(/(?<!^)@.*$/, '');
    return make(
      'VMCTL_PLUGIN_NOT_FOUND',
      `No version of the package fits${subject === undefined ? '' : ` ${subject}`}.`,
      `See which versions there are: npm view ${name ?? 'NAME'} versions`,
    );
  }
  if (NOT_FOUND.includes(code)) {
    return make(
      'VMCTL_PLUGIN_NOT_FOUND',
      `The registry has no such package: ${why}`,
      'Check the spelling. A private package is "not found" as well while you are not logged in: npm login.',
    );
  }
  if (DENIED.includes(code)) {
    return make(
      'VMCTL_PLUGIN_ACCESS_DENIED',
      `The registry refuses access: ${why}`,
      'Log in (npm login), or put a token for this registry into ~/.npmrc.',
    );
  }
  if (UNREACHABLE.test(code)) {
    return make(
      'VMCTL_PLUGIN_REGISTRY_UNREACHABLE',
      `The package registry cannot be reached: ${why}`,
      'Check the network, and which registry and proxy npm uses: npm config get registry proxy https-proxy. ' +
        'Without a network, install from a tarball.',
    );
  }
  if (DAMAGED.includes(code)) {
    return make(
      'VMCTL_PLUGIN_INTEGRITY',
      `The package cannot be unpacked, it is damaged or no tarball of npm: ${why}`,
      'A tarball of a plugin is made with: npm pack',
    );
  }
  if (CHANGED.includes(code)) {
    return make(
      'VMCTL_PLUGIN_INTEGRITY',
      `A downloaded package is not what the registry says it is: ${why}`,
      'Try again after npm cache verify. If it stays, the registry or a proxy changes packages: ask who runs it.',
    );
  }
  if (DISK_FULL.includes(code)) {
    return make(
      'VMCTL_DISK_FULL',
      `There is no space left: ${why}`,
      `Free some space, or see what fills it: df -h ${failed.cwd}`,
    );
  }
  if (NOT_WRITABLE.includes(code)) {
    return make(
      'VMCTL_NOT_WRITABLE',
      `npm may not write a file: ${why}`,
      'Check who owns that file or directory.',
    );
  }
  if (code === GIT_FAILED) {
    return make(
      'VMCTL_PLUGIN_NPM_FAILED',
      `git failed: ${said(summary, detail)}`,
      'Check the URL, and that git needs no password for it: git ls-remote URL',
    );
  }
  return make(
    'VMCTL_PLUGIN_NPM_FAILED',
    `npm failed${code === '' ? '' : ` (${code})`}: ${said(summary, detail)}`,
  );
}

/** The `error` of npm's JSON; undefined when it printed none. */
function readProblem(stdout: string): NpmProblem | undefined {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const error = isJsonObject(value) ? value['error'] : undefined;
  if (!isJsonObject(error)) return undefined;
  const { code, summary, detail } = error;
  // A failed git or script has its exit status, a number, for a code.
  return {
    code: typeof code === 'number' ? String(code) : text(code),
    summary: text(summary),
    detail: text(detail),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function said(summary: string, detail: string): string {
  const all = [summary, detail].filter((part) => part !== '').join('\n');
  return all === '' ? 'it said nothing.' : all;
}

function firstLine(summary: string): string {
  return summary.split('\n', 1)[0] ?? '';
}

/** The last lines that are about the failure; npm adds where its log is. */
function lastWords(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, ''))
    .filter((line) => line.trim() !== '' && !line.startsWith('A complete log of this run'))
    .slice(-20)
    .join('\n');
}
