import { stat } from 'node:fs/promises';
import type {
  DiskInspection,
  MemoryInspection,
  PluginHost,
  ProcessIdentity,
  VmHandle,
  VmInspection,
} from '@vmctl/core/plugin';
import { openMonitor } from './monitor.js';
import type { QmpClient } from './qmp-client.js';
import { isObject } from './qmp-message.js';
import { codeOf, messageOf } from './thrown.js';
import { filesOf } from './work-files.js';

/** For all questions together: somebody waits in front of a screen. */
const TIMEOUT_MS = 2_000;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Asks a QEMU that runs how it is. QEMU serves one client at a time, so one that holds the socket (or a QEMU that hangs)
 * is a problem that is told, not waited for. What one question does not answer, the others still do.
 */
export async function inspectVm(
  host: Pick<PluginHost, 'sockets' | 'processes' | 'error' | 'log'>,
  vm: VmHandle,
  identity: ProcessIdentity,
  options: { readonly signal: AbortSignal; readonly timeoutMs?: number | undefined },
): Promise<VmInspection> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  const deadline = performance.now() + timeoutMs;
  const startedAt = await startOf(vm);
  try {
    await using monitor = await openMonitor(host, vm, identity, { signal, timeoutMs });
    const { major, minor, micro } = monitor.version;
    const answers = await askAll(monitor, deadline, signal);
    const { status, kvm, processors, memory, balloon, disks, statistics } = answers.values;
    return {
      status: text(status, 'status'),
      startedAt,
      engine: `QEMU ${major}.${minor}.${micro}`,
      accelerator: accelerator(kvm),
      vcpus: Array.isArray(processors) ? processors.length : undefined,
      memory: readMemory(memory, balloon),
      disks: readDisks(disks, statistics),
      problems: answers.problems,
    };
  } catch (error) {
    signal.throwIfAborted();
    host.log.debug(`${vm.name} cannot be inspected`, error);
    const why = isSilent(error)
      ? `QEMU did not answer within ${timeoutMs / 1000} s: it hangs, or another program holds its control socket`
      : messageOf(error).replace(/\.$/, '');
    return { startedAt, problems: [`${why}.`] };
  }
}

/** No answer, or not even room to wait for one: others wait for this QEMU already. */
function isSilent(error: unknown): boolean {
  if (codeOf(error) === 'VMCTL_QMP_TIMEOUT') return true;
  return error instanceof Error && codeOf(error.cause) === 'EAGAIN';
}

const QUESTIONS = {
  status: 'query-status',
  kvm: 'query-kvm',
  processors: 'query-cpus-fast',
  memory: 'query-memory-size-summary',
  balloon: 'query-balloon',
  disks: 'query-block',
  statistics: 'query-blockstats',
} as const;
type Question = keyof typeof QUESTIONS;

/** One after the other, as QEMU answers them; a connection that breaks or hangs ends it. */
async function askAll(
  monitor: Pick<QmpClient, 'execute'>,
  deadline: number,
  signal: AbortSignal,
): Promise<{ readonly values: Partial<Record<Question, unknown>>; readonly problems: readonly string[] }> {
  const values: Partial<Record<Question, unknown>> = {};
  const problems: string[] = [];
  for (const [question, command] of Object.entries(QUESTIONS) as [Question, string][]) {
    try {
      const timeoutMs = Math.max(1, deadline - performance.now());
      values[question] = await monitor.execute(command, undefined, { signal, timeoutMs });
    } catch (error) {
      signal.throwIfAborted();
      // A machine of another tool may have no balloon, and an old QEMU not every command.
      if (codeOf(error) === 'VMCTL_QMP_COMMAND_FAILED') continue;
      problems.push(messageOf(error));
      break;
    }
  }
  return { values, problems };
}

function accelerator(reply: unknown): string | undefined {
  const enabled = isObject(reply) ? reply['enabled'] : undefined;
  if (typeof enabled !== 'boolean') return undefined;
  return enabled ? 'kvm' : 'tcg';
}

function readMemory(summary: unknown, balloon: unknown): MemoryInspection | undefined {
  const base = count(summary, 'base-memory');
  if (base === undefined) return undefined;
  return { bytes: base + (count(summary, 'plugged-memory') ?? 0), usableBytes: count(balloon, 'actual') };
}

/** The replies to `query-block` and `query-blockstats` (QEMU: qapi/block-core.json). */
export function readDisks(blocks: unknown, statistics: unknown): readonly DiskInspection[] | undefined {
  if (!Array.isArray(blocks)) return undefined;
  return blocks.filter(isObject).flatMap((block): DiskInspection[] => {
    const { inserted } = block;
    if (!isObject(inserted)) return [];
    const image = isObject(inserted['image']) ? inserted['image'] : {};
    const ioStatus = text(block, 'io-status');
    const transferred = statisticsOf(block, inserted, statistics);
    return [
      {
        name: nameOf(block, inserted),
        path: text(inserted, 'file') ?? text(image, 'filename'),
        format: text(inserted, 'drv'),
        readOnly: typeof inserted['ro'] === 'boolean' ? inserted['ro'] : undefined,
        sizeBytes: count(image, 'virtual-size'),
        allocatedBytes: count(image, 'actual-size'),
        backing: text(image, 'full-backing-filename') ?? text(inserted, 'backing_file'),
        problem: ioStatus === 'ok' ? undefined : ioStatus,
        readBytes: count(transferred, 'rd_bytes'),
        writtenBytes: count(transferred, 'wr_bytes'),
      },
    ];
  });
}

/** Disks made with `-blockdev` have a node's name, those made with `-drive` that of a device. */
function nameOf(block: Fields, inserted: Fields): string {
  return text(block, 'device') ?? text(inserted, 'node-name') ?? text(block, 'qdev') ?? 'disk';
}

function statisticsOf(block: Fields, inserted: Fields, statistics: unknown): Fields {
  const entries = Array.isArray(statistics) ? statistics.filter(isObject) : [];
  const device = text(block, 'device');
  const node = text(inserted, 'node-name');
  const found = entries.find((entry) =>
    device === undefined ? text(entry, 'node-name') === node : text(entry, 'device') === device,
  );
  return isObject(found?.['stats']) ? found['stats'] : {};
}

/** QEMU binds its control socket when it starts, and nothing writes to the file after that. */
async function startOf(vm: VmHandle): Promise<string | undefined> {
  try {
    return (await stat(filesOf(vm).qmpSocket)).mtime.toISOString();
  } catch {
    return undefined;
  }
}

function text(value: unknown, field: string): string | undefined {
  const found = isObject(value) ? value[field] : undefined;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function count(value: unknown, field: string): number | undefined {
  const found = isObject(value) ? value[field] : undefined;
  return typeof found === 'number' ? found : undefined;
}
