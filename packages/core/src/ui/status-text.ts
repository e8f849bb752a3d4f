import { localTime } from '../host/local-time.js';
import type { VmStatus } from '../operations/status.js';
import { inspectionRows } from './inspection-text.js';
import type { Style } from './style.js';
import { oneLine } from './terminal-text.js';
import { formatAge, formatBytes, formatVcpus } from './units.js';
import { colorState, describeNetwork } from './vm-table.js';

/** Columns of the names: those of a backend may be longer, but one that is very long moves its own line alone. */
const LEAST_LABEL = 10;
const MOST_LABEL = 24;

/** One VM as a block of `name  value` lines. */
export function statusText(vm: VmStatus, style: Style, now = Date.now()): string {
  const { busy } = vm;
  // What a command is still at work on did not fail.
  const unfinished = vm.unfinished && busy === null;
  const state =
    colorState({ ...vm, unfinished }, style) + (vm.detail === null ? '' : ` (${oneLine(vm.detail)})`);
  const rows: (readonly [string, string | null])[] = [
    ['state', vm.pid === null ? state : `${state}, process ${vm.pid}`],
    ['busy', busy === null ? null : `${oneLine(busy.purpose)} (process ${busy.pid}) is working on it`],
    ['backend', oneLine(vm.backend)],
    ['resources', `${formatVcpus(vm.vcpus)}, ${vm.memoryMb} MiB memory, ${vm.firmware}`],
    ['disk', disk(vm)],
    ...(vm.live === null ? [] : inspectionRows(vm.live, vm, now)),
    ['image', vm.image === null ? null : oneLine(vm.image)],
    ['network', [describeNetwork(vm.network), vm.mac].filter((part) => part !== null).join(', ')],
    ['ssh', vm.ssh === null ? null : oneLine(vm.ssh)],
    ...vm.forwards.map((forward): [string, string] => [
      'forward',
      `${forward.address}:${forward.host} -> guest ${forward.guest}`,
    ]),
    ['files', vm.workDir],
    ['VMFile', vm.vmfile === null ? null : oneLine(vm.vmfile)],
    [
      'created',
      vm.createdAt === null
        ? null
        : `${oneLine(localTime(vm.createdAt))} (${formatAge(now - Date.parse(vm.createdAt))} ago)`,
    ],
    ...Object.entries(vm.provisioned).map(([step, record]): [string, string] => [
      'step',
      `${oneLine(step)}, done ${oneLine(localTime(record.finishedAt))}`,
    ]),
    ['problem', vm.problem?.message ?? null],
    [
      'try',
      vm.problem?.hint ??
        (unfinished && vm.state === 'running' ? 'vmctl up: the last one did not finish' : null),
    ],
  ];
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== null);
  const width = Math.max(LEAST_LABEL, ...shown.map(([label]) => Math.min(label.length, MOST_LABEL)));
  const lines = shown.map(([label, value]) => `  ${style.dim(label.padEnd(width))}  ${value}`);
  return [style.strong(vm.name), ...lines].join('\n');
}

function disk({ diskGb, diskUsedBytes, live }: VmStatus): string | null {
  // Then it has a row with more in it.
  if (live?.disks?.some(({ readOnly, sizeBytes }) => readOnly !== true && sizeBytes !== undefined))
    return null;
  const used = diskUsedBytes === null ? null : `${formatBytes(diskUsedBytes)} used`;
  if (diskGb === null) return used;
  return used === null ? `${diskGb} GiB` : `${diskGb} GiB, ${used}`;
}
