import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginHost } from '@vmctl/core/plugin';
import { isMissing } from './thrown.js';

/**
 * What the backend has on the host for a VM, in a file of its work directory. Each thing is written down before it is
 * made: whatever a killed vmctl leaves is found.
 */
export interface VmRecord {
  readonly disk: {
    /** `rpool/vmctl/vms/web`. */
    readonly dataset: string;
    /** The snapshot that it is a clone of. */
    readonly base: string;
    /** Bytes. */
    readonly size: number;
  };
  readonly vnic: VnicRecord | null;
  /** Whether the guest has ever been let run: before that its disk holds nothing of its own. */
  readonly booted: boolean;
  /** The server of the VM; null when none was started, or it was ended in order. */
  readonly run: RunRecord | null;
}

/** The VM's network card. */
export interface VnicRecord {
  readonly link: string;
  /** The link below it. */
  readonly over: string;
  /** Whether vmctl makes it, and deletes it; false for one that was there. */
  readonly own: boolean;
  /** What dladm has chosen; the guest keeps it when the VNIC is made anew after the host has restarted. */
  readonly macAddress: string | null;
}

/** One boot. */
export interface RunRecord {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** The server's working directory, absolute. */
  readonly directory: string;
  /** Null for the moment in which the server is just being started. */
  readonly pid: number | null;
  readonly startTime: string | null;
  /** Whether the server was asked to make the VM: one that has none then has failed. */
  readonly ensured: boolean;
  /**
   * Where in console.log the output of this boot begins: the handle of a vmctl that was killed has that of an earlier
   * one. Undefined until the console is recorded.
   */
  readonly consoleLogStart?: number | undefined;
}

const FILE = 'propolis.json';

/** Where the record of a VM is. */
export function recordPath(workDir: string): string {
  return join(workDir, FILE);
}

/** The record of a VM; undefined when there is none, or none that can be read. */
export async function readRecord(workDir: string): Promise<VmRecord | undefined> {
  let text: string;
  try {
    text = await readFile(recordPath(workDir), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return parseRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Writes the record; a kill leaves the old one or the new one. */
export async function writeRecord(
  { files }: Pick<PluginHost, 'files'>,
  workDir: string,
  record: VmRecord,
): Promise<VmRecord> {
  await files.writeAtomic(recordPath(workDir), `${JSON.stringify(record, undefined, 2)}\n`);
  return record;
}

export async function removeRecord(workDir: string): Promise<void> {
  await rm(recordPath(workDir), { force: true });
}

type Fields = Readonly<Record<string, unknown>>;

function parseRecord(value: unknown): VmRecord | undefined {
  if (!isObject(value) || !isObject(value['disk'])) return undefined;
  const { dataset, base, size } = value['disk'];
  if (!isText(dataset) || !isText(base) || !isCount(size)) return undefined;
  return {
    disk: { dataset, base, size },
    vnic: parseVnic(value['vnic']),
    booted: value['booted'] === true,
    run: parseRun(value['run']),
  };
}

function parseVnic(value: unknown): VnicRecord | null {
  if (!isObject(value)) return null;
  const { link, over, own, macAddress } = value;
  if (!isText(link) || !isText(over)) return null;
  return { link, over, own: own === true, macAddress: isText(macAddress) ? macAddress : null };
}

function parseRun(value: unknown): RunRecord | null {
  if (!isObject(value)) return null;
  const { port, directory, pid, startTime, ensured, consoleLogStart: start } = value;
  if (!isCount(port) || port > 65_535 || !isText(directory)) return null;
  const isKnown = isCount(pid) && isText(startTime);
  return {
    port,
    directory,
    pid: isKnown ? pid : null,
    startTime: isKnown ? startTime : null,
    ensured: ensured === true,
    consoleLogStart: start === 0 || isCount(start) ? start : undefined,
  };
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
