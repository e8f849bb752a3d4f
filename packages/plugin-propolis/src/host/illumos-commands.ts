import type { PluginHost, ProcessIdentity } from '@vmctl/core/plugin';
import { messageOf } from '../thrown.js';
import { parseNeighbours } from './arp-output.js';
import { parseLinkNames, parseVnics } from './dladm-output.js';
import type { CommandOptions, DatasetTags, HostCommands } from './host-commands.js';
import { parseImageInfo } from './image-info.js';
import { UnreadableOutput } from './parsable-fields.js';
import { toolFailure } from './tool-failure.js';
import { parseDatasets, parseVolumes, VOLUME_COLUMNS } from './zfs-output.js';
import { parseZones } from './zoneadm-output.js';

/** So that messages can be told apart. */
const ENGLISH = { LC_ALL: 'C' };
/** For what only looks, and for changes that are a matter of a moment. */
const SHORT_MS = 30_000;
/** zfs waits for the pool, which may be busy writing. */
const ZFS_MS = 120_000;
/** An image of many gigabytes on a slow pool; Ctrl-C ends it at any time. */
const CONVERT_MS = 2 * 60 * 60 * 1000;

const VOLUMES = ['-o', VOLUME_COLUMNS.join(',')];

/**
 * How long a program that was told to end may take before it hears it with more rights: one that has none has heard it
 * from vmctl itself.
 */
const ENDINGS = [
  ['TERM', 1_000],
  ['KILL', 5_000],
] as const;

interface Run extends CommandOptions {
  readonly timeoutMs: number;
}

/** {@link HostCommands} through the programs of illumos. */
export function createIllumosCommands(host: Pick<PluginHost, 'exec' | 'error' | 'processes'>): HostCommands {
  const run = async (file: string, args: readonly string[], { timeoutMs, signal }: Run): Promise<string> =>
    (await host.exec(file, args, { env: ENGLISH, timeoutMs, signal })).stdout;
  const change = async (file: string, args: readonly string[], options: Run): Promise<void> => {
    const { timeoutMs, signal } = options;
    let started: Promise<ProcessIdentity | undefined> | undefined;
    const onStart = (pid: number): void => void (started = host.processes.identify(pid));
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), timeoutMs);
    const isOver = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]);
    const onOver = (): void => void endPrivileged(host, started);
    isOver.addEventListener('abort', onOver, { once: true });
    try {
      await host.exec('pfexec', [file, ...args], { env: ENGLISH, timeoutMs, signal, onStart });
    } finally {
      clearTimeout(timer);
      isOver.removeEventListener('abort', onOver);
    }
  };
  /** @throws VMCTL_PROPOLIS_TOOL_OUTPUT for what a parser does not understand */
  const understood = async <T>(
    file: string,
    args: readonly string[],
    work: () => T | Promise<T>,
  ): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreadableOutput)) throw error;
      throw host.error('VMCTL_PROPOLIS_TOOL_OUTPUT', {
        message: `The output of \`${[file, ...args].join(' ')}\` is not what it is known to be: ${messageOf(error)}`,
        hint: 'See whether another program of that name comes first in PATH.',
        cause: error,
        details: { command: file, args },
      });
    }
  };
  /** Reads a list as it comes: that of a large host is longer than what `exec` keeps of an output. */
  const list = <T>(
    file: string,
    args: readonly string[],
    parse: (lines: string) => readonly T[],
    { signal }: CommandOptions = {},
  ): Promise<readonly T[]> =>
    understood(file, args, async () => {
      const found: T[] = [];
      const decoder = new TextDecoder();
      let rest = '';
      const onStdout = (chunk: Uint8Array): void => {
        const text = rest + decoder.decode(chunk, { stream: true });
        const end = text.lastIndexOf('\n') + 1;
        rest = text.slice(end);
        found.push(...parse(text.slice(0, end)));
      };
      await host.exec(file, args, { env: ENGLISH, timeoutMs: SHORT_MS, signal, onStdout });
      return [...found, ...parse(rest + decoder.decode())];
    });
  /** Whether there is such a dataset, and what zfs lists of it. */
  const listOne = async (args: readonly string[], name: string, options: CommandOptions = {}) => {
    try {
      return await run('zfs', ['list', '-Hp', ...args, name], { ...options, timeoutMs: SHORT_MS });
    } catch (error) {
      if (toolFailure(error) === 'missing') return undefined;
      throw error;
    }
  };
  const zfs = (args: readonly string[], options: CommandOptions = {}): Promise<void> =>
    change('zfs', args, { ...options, timeoutMs: ZFS_MS });
  const dladm = (args: readonly string[], options: CommandOptions = {}): Promise<void> =>
    change('dladm', args, { ...options, timeoutMs: SHORT_MS });

  return {
    listVolumes: (options) => list('zfs', ['list', '-Hp', ...VOLUMES, '-t', 'volume'], parseVolumes, options),
    async findVolume(name, options) {
      // A file system of that name is in the way just as well.
      const args = [...VOLUMES, '-t', 'filesystem,volume'];
      const output = await listOne(args, name, options);
      if (output === undefined) return undefined;
      return understood('zfs', ['list', '-Hp', ...args, name], () => parseDatasets(output)[0]);
    },
    async hasSnapshot(snapshot, options) {
      return (await listOne(['-o', 'name', '-t', 'snapshot'], snapshot, options)) !== undefined;
    },
    createVolume: (name, bytes, tags, options) =>
      zfs(['create', '-p', '-s', ...tagged(tags), '-V', String(bytes), name], options),
    createSnapshot: (snapshot, options) => zfs(['snapshot', snapshot], options),
    cloneSnapshot: (snapshot, name, tags, options) =>
      zfs(['clone', '-p', ...tagged(tags), snapshot, name], options),
    setVolumeSize: (name, bytes, options) => zfs(['set', `volsize=${bytes}`, name], options),
    destroyDataset: (name, options) => zfs(['destroy', name], options),

    listVnics: (options) =>
      list('dladm', ['show-vnic', '-p', '-o', 'link,over,macaddress'], parseVnics, options),
    createVnic: ({ link, over, macAddress }, options) =>
      dladm(
        ['create-vnic', '-t', '-l', over, ...(macAddress === undefined ? [] : ['-m', macAddress]), link],
        options,
      ),
    deleteVnic: (link, options) => dladm(['delete-vnic', '-t', link], options),
    listPhysicalLinks: (options) => list('dladm', ['show-phys', '-p', '-o', 'link'], parseLinkNames, options),

    listZones: (options) => list('zoneadm', ['list', '-cp'], parseZones, options),
    listNeighbours: (options) => list('arp', ['-an'], parseNeighbours, options),

    imageInfo({ path, format }, options = {}) {
      const args = ['info', '--output=json', '-f', format, path];
      return understood('qemu-img', args, async () =>
        parseImageInfo(await run('qemu-img', args, { ...options, timeoutMs: SHORT_MS })),
      );
    },
    convertImage: ({ path, format, device }, options = {}) =>
      change('qemu-img', ['convert', '-n', '-f', format, '-O', 'raw', path, device], {
        ...options,
        timeoutMs: CONVERT_MS,
      }),

    signalProcess: (pid, signal) =>
      change('kill', ['-s', signal.replace(/^SIG/, ''), String(pid)], { timeoutMs: SHORT_MS }),
  };
}

/** Ends a program that has more rights than vmctl, and so takes no signal of its: SIGTERM, then SIGKILL. Never rejects. */
async function endPrivileged(
  { exec, processes }: Pick<PluginHost, 'exec' | 'processes'>,
  started: Promise<ProcessIdentity | undefined> | undefined,
): Promise<void> {
  try {
    const identity = await started;
    if (identity === undefined) return;
    for (const [signal, timeoutMs] of ENDINGS) {
      if (await processes.waitForExit(identity, { timeoutMs })) return;
      await exec('pfexec', ['kill', '-s', signal, String(identity.pid)], { timeoutMs: SHORT_MS });
    }
  } catch {
    // It ended in this moment, or may not be ended: whoever waits for it hears of that.
  }
}

/** Set in the same step in which the dataset comes to be: a kill leaves none that is not known as ours. */
function tagged({ id, source }: DatasetTags): string[] {
  return [...(id === undefined ? [] : ['-o', `vmctl:id=${id}`]), '-o', `vmctl:source=${source}`];
}
