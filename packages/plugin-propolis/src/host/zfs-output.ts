import { linesOf, UnreadableOutput } from './parsable-fields.js';

/** The columns that {@link parseVolumes} reads, in their order; the last may be any text. */
export const VOLUME_COLUMNS = ['name', 'volsize', 'origin', 'vmctl:id', 'vmctl:source'] as const;

/** A ZFS volume. */
export interface Volume {
  /** `rpool/vmctl/vms/web`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The snapshot that it is a clone of. */
  readonly origin: string | undefined;
  /** The VM that it was made for: the property `vmctl:id`. Undefined: vmctl did not make it for a VM. */
  readonly vmId: string | undefined;
  /** The work directory of that VM, or for an image the file that it was converted from: `vmctl:source`. */
  readonly source: string | undefined;
}

/**
 * Reads `zfs list -Hp -o name,volsize,origin,… -t volume`: TAB-separated, exact bytes, `-` for none. Columns beyond
 * those are passed over.
 *
 * @throws {@link UnreadableOutput}
 */
export function parseVolumes(output: string): Volume[] {
  return linesOf(output).map((line) => {
    const dataset = parseDataset(line);
    if (dataset.size === undefined) throw new UnreadableOutput(line, 'the volsize is no number of bytes');
    return { ...dataset, size: dataset.size };
  });
}

/**
 * The same with `-t filesystem,volume`. A file system has no size, which is 0 here, and is nobody's.
 *
 * @throws {@link UnreadableOutput}
 */
export function parseDatasets(output: string): Volume[] {
  return linesOf(output).map((line) => {
    const { name, size, ...rest } = parseDataset(line);
    // It may have inherited properties of any name.
    if (size === undefined) return { name, size: 0, origin: undefined, vmId: undefined, source: undefined };
    return { name, size, ...rest };
  });
}

/** A line of either; a dataset of size undefined is no volume. */
function parseDataset(line: string): Omit<Volume, 'size'> & { readonly size: number | undefined } {
  const [name = '', size = '', origin, vmId, source] = line.split('\t');
  if (name === '' || origin === undefined) throw new UnreadableOutput(line, 'not name, volsize and origin');
  const bytes = Number(size);
  if (size !== '-' && (!/^\d+$/.test(size) || !Number.isSafeInteger(bytes))) {
    throw new UnreadableOutput(line, 'the volsize is no number of bytes');
  }
  return {
    name,
    size: size === '-' ? undefined : bytes,
    origin: value(origin),
    vmId: value(vmId),
    source: value(source),
  };
}

function value(column: string | undefined): string | undefined {
  return column === undefined || column === '-' || column === '' ? undefined : column;
}
