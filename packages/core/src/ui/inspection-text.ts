import type { DiskInspection, MemoryInspection, VmInspection } from '../hypervisor/inspection.js';
import { oneLine } from './terminal-text.js';
import { formatAge, formatBytes, formatVcpus } from './units.js';

/** What backends call the disk that a VM boots from. */
const MAIN_DISK = 'disk';

/** What a VM was given, which needs no second row when its engine says the same. */
export interface GivenResources {
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** What the engine of a VM says, as `name`, `value` rows; none of what it did not say, or of what was given anyway. */
export function inspectionRows(
  live: VmInspection,
  given: GivenResources,
  now: number,
): readonly (readonly [string, string])[] {
  const { status, disks = [], more = {}, problems } = live;
  const engine = engineText(live, given, now);
  const memory = live.memory === undefined ? '' : memoryText(live.memory, given);
  return [
    ...(engine === '' ? [] : [['engine', engine] as const]),
    // A VM that runs says so in its state.
    ...(status === undefined || status === 'running' ? [] : [['engine says', oneLine(status)] as const]),
    ...(memory === '' ? [] : [['memory', memory] as const]),
    ...disks.map((disk) => ['disk', diskText(disk)] as const),
    ...Object.entries(more).map(([name, value]) => [oneLine(name), oneLine(value)] as const),
    ...problems.map((problem) => ['not known', oneLine(problem)] as const),
  ];
}

/** `QEMU 7.2.22 (tcg), up 3h`. */
function engineText(
  { engine, accelerator, vcpus, startedAt }: VmInspection,
  given: GivenResources,
  now: number,
): string {
  const name = engine === undefined ? undefined : oneLine(engine);
  const how = accelerator === undefined ? undefined : oneLine(accelerator);
  return [
    name !== undefined && how !== undefined ? `${name} (${how})` : (name ?? how),
    vcpus === undefined || vcpus === given.vcpus ? undefined : formatVcpus(vcpus),
    startedAt === undefined ? undefined : `up ${formatAge(now - Date.parse(startedAt))}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

function memoryText({ bytes, usableBytes }: MemoryInspection, { memoryMb }: GivenResources): string {
  if (bytes === undefined) return '';
  const isLess = usableBytes !== undefined && usableBytes < bytes;
  if (!isLess && bytes === memoryMb * 2 ** 20) return '';
  return formatBytes(bytes) + (isLess ? `, ${formatBytes(usableBytes)} of it the guest's now` : '');
}

/** `/vms/web/overlay.qcow2 (qcow2), 20 GiB, 1.2 GiB on the host, on /images/debian.qcow2`; `seed: …` for others. */
function diskText(disk: DiskInspection): string {
  const { path, format, readOnly, sizeBytes, allocatedBytes, backing, problem, readBytes, writtenBytes } =
    disk;
  const place = [path, format === undefined ? undefined : `(${format})`].filter((part) => part !== undefined);
  const moved = [
    readBytes === undefined || readBytes === 0 ? undefined : `${formatBytes(readBytes)} read`,
    writtenBytes === undefined || writtenBytes === 0 ? undefined : `${formatBytes(writtenBytes)} written`,
  ];
  const text = [
    place.length === 0 ? undefined : place.join(' '),
    readOnly === true ? 'read-only' : undefined,
    sizeBytes === undefined ? undefined : formatBytes(sizeBytes),
    allocatedBytes === undefined ? undefined : `${formatBytes(allocatedBytes)} on the host`,
    ...moved,
    backing === undefined ? undefined : `on ${backing}`,
    problem === undefined ? undefined : `failing: ${problem}`,
  ]
    .filter((part) => part !== undefined)
    .map(oneLine)
    .join(', ');
  return disk.name === MAIN_DISK ? text : `${oneLine(disk.name)}: ${text}`;
}
