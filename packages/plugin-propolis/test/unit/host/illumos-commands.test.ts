import { describe, expect, it, jest } from '@jest/globals';
import type { Exec, PluginHost } from '@vmctl/core/plugin';
import { createFakeHost } from '@vmctl/core/testing';
import { createIllumosCommands } from '../../../src/host/illumos-commands.js';
import { clonesIn, toolFailure } from '../../../src/host/tool-failure.js';

function recorded() {
  const host = createFakeHost({ platform: 'sunos' });
  const lines = (): string[] => host.commands.commands.map(({ line }) => line);
  return { host, lines, commands: createIllumosCommands(host) };
}

const IMAGE = 'rpool/vmctl/images/abc';
const DISK = 'rpool/vmctl/vms/web';

it('runs exactly these commands, and what changes the host through pfexec', async () => {
  const { host, lines, commands } = recorded();
  host.commands.on(/^/, {}).on('qemu-img info', { stdout: '{"format":"raw","virtual-size":512}' });
  await commands.imageInfo({ path: '/i.qcow2', format: 'qcow2' });
  await commands.createVolume(IMAGE, 1024, { source: '/i.qcow2' });
  await commands.convertImage({ path: '/i.qcow2', format: 'qcow2', device: `/dev/zvol/rdsk/${IMAGE}` });
  await commands.createSnapshot(`${IMAGE}@base`);
  await commands.hasSnapshot(`${IMAGE}@base`);
  await commands.cloneSnapshot(`${IMAGE}@base`, DISK, { id: 'propolis-1', source: '/vms/web' });
  await commands.setVolumeSize(DISK, 4096);
  await commands.destroyDataset(DISK);
  await commands.listVolumes();
  await commands.findVolume(DISK);
  await commands.createVnic({ link: 'vmctl7', over: 'net0' });
  await commands.createVnic({ link: 'vmctl7', over: 'net0', macAddress: '02:08:20:0a:0b:0c' });
  await commands.deleteVnic('vmctl7');
  await commands.listVnics();
  await commands.listPhysicalLinks();
  await commands.listZones();
  await commands.listNeighbours();
  await commands.signalProcess(42, 'SIGTERM');
  expect(lines()).toEqual([
    'qemu-img info --output=json -f qcow2 /i.qcow2',
    `pfexec zfs create -p -s -o vmctl:source=/i.qcow2 -V 1024 ${IMAGE}`,
    `pfexec qemu-img convert -n -f qcow2 -O raw /i.qcow2 /dev/zvol/rdsk/${IMAGE}`,
    `pfexec zfs snapshot ${IMAGE}@base`,
    `zfs list -Hp -o name -t snapshot ${IMAGE}@base`,
    `pfexec zfs clone -p -o vmctl:id=propolis-1 -o vmctl:source=/vms/web ${IMAGE}@base ${DISK}`,
    `pfexec zfs set volsize=4096 ${DISK}`,
    `pfexec zfs destroy ${DISK}`,
    'zfs list -Hp -o name,volsize,origin,vmctl:id,vmctl:source -t volume',
    `zfs list -Hp -o name,volsize,origin,vmctl:id,vmctl:source -t filesystem,volume ${DISK}`,
    'pfexec dladm create-vnic -t -l net0 vmctl7',
    'pfexec dladm create-vnic -t -l net0 -m 02:08:20:0a:0b:0c vmctl7',
    'pfexec dladm delete-vnic -t vmctl7',
    'dladm show-vnic -p -o link,over,macaddress',
    'dladm show-phys -p -o link',
    'zoneadm list -cp',
    'arp -an',
    'pfexec kill -s TERM 42',
  ]);
});

describe('a program with more rights than vmctl, which takes no signal of its', () => {
  /** A host on which it ends when it is told to with the same rights, or by itself. */
  function privileged({ endsByItself }: { readonly endsByItself: boolean }) {
    const abort = new AbortController();
    const isOver = Promise.withResolvers<void>();
    let isGone = endsByItself;
    const lines: string[] = [];
    const fake = createFakeHost({ platform: 'sunos' });
    const exec: Exec = async (file, args, { onStart, signal } = {}) => {
      lines.push([file, ...args.slice(0, 4)].join(' '));
      if (args[0] === 'kill') {
        isGone = true;
        isOver.resolve();
      } else {
        onStart?.(42);
        abort.abort(new Error('interrupted'));
        if (!endsByItself) await isOver.promise;
        signal?.throwIfAborted();
      }
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    const processes: PluginHost['processes'] = {
      ...fake.processes,
      identify: async (pid) => ({ pid, startTime: 'then' }),
      waitForExit: async () => isGone,
    };
    const commands = createIllumosCommands({ ...fake, exec, processes });
    const { signal } = abort;
    const work = commands.convertImage({ path: '/i.raw', format: 'raw', device: '/dev/zvol' }, { signal });
    return { lines, work };
  }

  it('is ended with those rights after an abort', async () => {
    const { lines, work } = privileged({ endsByItself: false });
    await expect(work).rejects.toThrow('interrupted');
    expect(lines).toEqual(['pfexec qemu-img convert -n -f', 'pfexec kill -s TERM 42']);
  });

  it('is ended with those rights at its time-out', async () => {
    const ended = Promise.withResolvers<void>();
    const fake = createFakeHost({ platform: 'sunos' });
    const exec: Exec = async (_file, args, { onStart } = {}) => {
      if (args[0] === 'kill') ended.resolve();
      else {
        onStart?.(42);
        await ended.promise;
      }
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    const processes: PluginHost['processes'] = {
      ...fake.processes,
      identify: async (pid) => ({ pid, startTime: 'then' }),
      waitForExit: async () => false,
    };
    jest.useFakeTimers();
    try {
      const work = createIllumosCommands({ ...fake, exec, processes }).destroyDataset(DISK);
      await jest.advanceTimersByTimeAsync(10 * 60_000);
      await work;
    } finally {
      jest.useRealTimers();
    }
  });

  it('is left alone when it has ended: its id may be that of another by now', async () => {
    const { lines, work } = privileged({ endsByItself: true });
    await expect(work).rejects.toThrow('interrupted');
    expect(lines).toEqual(['pfexec qemu-img convert -n -f']);
  });
});

it('gives every command a time limit, the words of the C locale, and the caller’s signal', async () => {
  const { host, commands } = recorded();
  host.commands.on(/^/, {});
  const { signal } = new AbortController();
  await commands.listVolumes({ signal });
  await commands.destroyDataset(DISK, { signal });
  await commands.convertImage({ path: '/i', format: 'raw', device: '/d' }, { signal });
  for (const { options } of host.commands.commands) {
    expect(options.timeoutMs).toBeGreaterThan(0);
    expect(options.env).toEqual({ LC_ALL: 'C' });
    expect(options.signal).toBe(signal);
  }
});

it('names the command whose output cannot be read', async () => {
  const { host, commands } = recorded();
  host.commands.on('zfs list', { stdout: 'NAME SIZE\n' });
  await expect(commands.listVolumes()).rejects.toMatchObject({
    code: 'VMCTL_PROPOLIS_TOOL_OUTPUT',
    message: expect.stringContaining('zfs list -Hp'),
  });
});

it('reads a list of volumes in whatever pieces it comes', async () => {
  const { host } = recorded();
  const row = (name: string): string => `rpool/${name}\t512\t-\t-\t/vms/größer\n`;
  const output = Buffer.from(row('a') + row('b') + row('c'));
  const volumesIn = async (piece: number): Promise<readonly unknown[]> => {
    const exec: Exec = async (_file, _args, { onStdout } = {}) => {
      for (let at = 0; at < output.length; at += piece) await onStdout?.(output.subarray(at, at + piece));
      return { exitCode: 0, stdout: 'cut from the front', stderr: '' };
    };
    return createIllumosCommands({ ...host, exec }).listVolumes();
  };
  const whole = await volumesIn(output.length);
  expect(whole).toHaveLength(3);
  expect(whole[2]).toMatchObject({ name: 'rpool/c', source: '/vms/größer' });
  for (let piece = 1; piece < 40; piece += 1) expect(await volumesIn(piece)).toEqual(whole);
});

it('finds a dataset by its name, a file system as nobody’s, and none where there is none', async () => {
  const { host, commands } = recorded();
  host.commands.on('zfs list', { stdout: `${DISK}\t512\t${IMAGE}@base\tpropolis-1\t/vms/web\n` });
  expect(await commands.findVolume(DISK)).toMatchObject({ name: DISK, size: 512, vmId: 'propolis-1' });
  host.commands.on('zfs list', { stdout: `${DISK}\t-\t-\tpropolis-1\t/vms/web\n` });
  expect(await commands.findVolume(DISK)).toEqual({ name: DISK, size: 0 });
  host.commands.on('zfs list', { exitCode: 1, stderr: `cannot open '${DISK}': dataset does not exist` });
  expect(await commands.findVolume(DISK)).toBeUndefined();
  host.commands.on('zfs list', { exitCode: 1, stderr: 'internal error: I/O error' });
  await expect(commands.findVolume(DISK)).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  host.commands.on('zfs list', { stdout: 'NAME SIZE\n' });
  await expect(commands.findVolume(DISK)).rejects.toMatchObject({ code: 'VMCTL_PROPOLIS_TOOL_OUTPUT' });
});

it('12: says which program is missing when there is no qemu-img', async () => {
  const { commands } = recorded();
  await expect(commands.imageInfo({ path: '/i', format: 'qcow2' })).rejects.toMatchObject({
    code: 'VMCTL_HOST_COMMAND_MISSING',
    message: expect.stringContaining('qemu-img'),
  });
});

describe('what a tool would not do', () => {
  it.each([
    ["cannot create 'rpool/a': dataset already exists", 'exists'],
    ['dladm: vnic creation over net0 failed: object already exists', 'exists'],
    ["cannot open 'rpool/a': dataset does not exist", 'missing'],
    ["cannot create 'x/y': no such pool 'x'", 'missing'],
    ["dladm: invalid vnic name 'vnic9': object not found", 'missing'],
    ['could not find any snapshots to destroy; check snapshot names.', 'missing'],
    ["cannot destroy 'rpool/a': dataset is busy", 'busy'],
    ['dladm: vnic deletion failed: link busy', 'busy'],
    ["cannot destroy 'rpool/a@base': snapshot has dependent clones\nuse '-R' …", 'has-clones'],
    ["cannot create 'rpool/a': permission denied", 'denied'],
    ['dladm: create operation failed: insufficient privileges', 'denied'],
    ['out of space', 'other'],
  ])('%j means %s, and its words are kept', async (stderr, failure) => {
    const { host, commands } = recorded();
    host.commands.on('pfexec zfs destroy', { exitCode: 1, stderr });
    const error: unknown = await commands.destroyDataset(DISK).catch((thrown: unknown) => thrown);
    expect(toolFailure(error)).toBe(failure);
    expect(error).toMatchObject({ message: expect.stringContaining(stderr.split('\n')[0] ?? '') });
  });

  it('is nothing that a program which is not installed says', async () => {
    const { commands } = recorded();
    const error: unknown = await commands.destroyDataset(DISK).catch((thrown: unknown) => thrown);
    expect(toolFailure(error)).toBeUndefined();
    expect(toolFailure(new Error('dataset is busy'))).toBeUndefined();
  });

  it('has the names of the clones in it', () => {
    const stderr = [
      "cannot destroy 'rpool/vmctl/images/abc@base': snapshot has dependent clones",
      "use '-R' to destroy the following datasets:",
      'rpool/vmctl/vms/db',
      'rpool/vmctl/vms/web-1.a',
    ].join('\n');
    const error = { code: 'VMCTL_HOST_COMMAND_FAILED', message: '', details: { stderr } };
    expect(clonesIn(error)).toEqual(['rpool/vmctl/vms/db', 'rpool/vmctl/vms/web-1.a']);
  });

  it('is an error for a snapshot that cannot be looked for, and none for one that is not there', async () => {
    const { host, commands } = recorded();
    host.commands.on('zfs list', { exitCode: 1, stderr: "cannot open 'x@base': dataset does not exist" });
    expect(await commands.hasSnapshot('x@base')).toBe(false);
    host.commands.on('zfs list', { exitCode: 1, stderr: 'internal error: I/O error' });
    await expect(commands.hasSnapshot('x@base')).rejects.toMatchObject({ code: 'VMCTL_HOST_COMMAND_FAILED' });
  });
});
