import type { GuestSession } from './contract.js';

/** How cloud-init ended in a guest. */
export type CloudInitOutcome =
  /** The guest has no cloud-init, or it does not run there. */
  | { readonly kind: 'unused'; readonly why: 'not installed' | 'disabled' | 'not started' }
  | { readonly kind: 'done'; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly errors: readonly string[]; readonly warnings: readonly string[] };

/**
 * Waits in the guest, and says in the first line what came of it; after `finished` follows cloud-init's status.json.
 *
 * The file `result.json` is cloud-init's documented sign that it has finished, whatever its version. Its own
 * `cloud-init status --wait` says the same, but starting it takes seconds of a slow guest's time. There is no
 * result of a cloud-init that was killed; systemd tells of that.
 */
const WAIT = `run=/run/cloud-init
exists() { [ -e "$1" ] || [ -L "$1" ]; }
if [ ! -d $run ] && ! command -v cloud-init >/dev/null 2>&1; then echo absent; exit; fi
tries=0
until exists $run/result.json; do
  if exists $run/disabled; then echo disabled; exit; fi
  if [ $((tries % 20)) = 10 ] && command -v systemctl >/dev/null 2>&1; then
    unit=$(systemctl show -p ActiveState cloud-final.service 2>/dev/null)
    exists $run/result.json && break
    case $unit in
      *=failed) echo killed; exit ;;
      *=inactive) case $(systemctl is-system-running 2>/dev/null) in running | degraded) echo idle; exit ;; esac ;;
    esac
  elif [ $tries = 100 ] && ! exists $run/status.json && ! exists $run/enabled; then
    echo idle; exit
  fi
  sleep 0.1 2>/dev/null || sleep 1
  tries=$((tries + 1))
done
echo finished
cat $run/status.json 2>/dev/null || sudo -n cat $run/status.json`;

/** The end of what cloud-init's own steps printed. */
const LOG_TAIL = `log=/var/log/cloud-init-output.log
tail -n 15 $log 2>/dev/null || sudo -n tail -n 15 $log 2>/dev/null`;

/** Waits until cloud-init has finished in a guest that has it. */
export async function waitForCloudInit(
  session: GuestSession,
  options: { readonly signal: AbortSignal },
): Promise<CloudInitOutcome> {
  const { stdout } = await session.exec(['sh', '-c', WAIT], { signal: options.signal });
  const end = stdout.indexOf('\n');
  const word = stdout.slice(0, end === -1 ? undefined : end).trim();
  switch (word) {
    case 'absent':
      return { kind: 'unused', why: 'not installed' };
    case 'disabled':
      return { kind: 'unused', why: 'disabled' };
    case 'idle':
      return { kind: 'unused', why: 'not started' };
    case 'killed': {
      const errors = ['systemd says that cloud-final.service failed; there is no result of cloud-init.'];
      return { kind: 'failed', errors, warnings: [] };
    }
    case 'finished':
      return readStatus(stdout.slice(end + 1));
    default:
      return {
        kind: 'done',
        warnings: [`How cloud-init went cannot be found out; the guest said "${word}".`],
      };
  }
}

/** The end of cloud-init's output, for an error; empty when it cannot be read. */
export async function cloudInitLog(
  session: GuestSession,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  const { stdout } = await session.exec(['sh', '-c', LOG_TAIL], { timeoutMs: 10_000, ...options });
  return stdout.trimEnd();
}

/**
 * Reads cloud-init's status.json. Every version lists `errors` for each stage; since 23.4 there are
 * `recoverable_errors` as well, lists of messages by log level.
 */
export function readStatus(text: string): CloudInitOutcome {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'done', warnings: ['cloud-init has finished; its status.json cannot be read.'] };
  }
  const stages = Object.values(asObject(asObject(parsed)['v1'])).map(asObject);
  const errors = unique(stages.flatMap((stage) => texts(stage['errors'])));
  const warnings = unique(
    stages.flatMap((stage) =>
      Object.entries(asObject(stage['recoverable_errors']))
        // What will go away in a later version is no trouble now.
        .filter(([level]) => level !== 'DEPRECATED')
        .flatMap(([, messages]) => texts(messages)),
    ),
  ).filter((warning) => !errors.includes(warning));
  return errors.length > 0 ? { kind: 'failed', errors, warnings } : { kind: 'done', warnings };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((item: unknown) => String(item)) : [];
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
