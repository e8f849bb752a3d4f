import { chmod, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Exec, PluginHost } from '@vmctl/core/plugin';
import { AcceleratorProbe, type AcceleratorOptions, obstacle } from '../../src/accelerator.js';
import { EXIT_CODE } from '../../src/boot-sector.js';
import { createPluginHost } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

const QEMU = { path: '/usr/bin/qemu-system-x86_64', fingerprint: 'qemu:1:2' };

describe('AcceleratorProbe', () => {
  const directory = useTemporaryDirectory();

  /** A host with something for a KVM device, whose QEMU ends as told; counts how often it was run. */
  async function laboratory(
    outcome: Awaited<ReturnType<Exec>> | Error,
    env: Record<string, string> = {},
    options: AcceleratorOptions = {},
  ) {
    const device = join(directory.path, 'kvm');
    const bootIdFile = join(directory.path, 'boot_id');
    await writeFile(device, '');
    await writeFile(bootIdFile, 'first boot\n');
    const runs: (readonly string[])[] = [];
    const host = createPluginHost(directory.path, {
      env,
      exec: async (_file, args) => {
        runs.push(args);
        await new Promise(setImmediate);
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    });
    const probe = (changes: Partial<PluginHost> = {}) =>
      new AcceleratorProbe({ ...host, ...changes }, { device, bootIdFile, architecture: 'x64', ...options });
    return { runs, probe, device, bootIdFile };
  }
  const works = { exitCode: EXIT_CODE, stdout: '', stderr: '' };
  const fails = {
    exitCode: 1,
    stdout: '',
    stderr: 'qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nmore',
  };

  it('is for KVM when the trial guest has run, with the processor that guests get', async () => {
    const { probe, runs } = await laboratory(works);
    expect(await probe().choose(QEMU)).toEqual({ name: 'kvm' });
    expect(runs[0]?.join(' ')).toContain('-machine q35');
    expect(runs[0]?.join(' ')).toContain('-accel kvm -cpu host');
  });

  it('is for emulation when the guest has not, with QEMU’s words', async () => {
    const { probe } = await laboratory(fails);
    expect(await probe().choose(QEMU)).toEqual({
      name: 'tcg',
      reason: 'unusable',
      detail: expect.stringContaining('failed to set MSR 0x10a to 0x69'),
      hint: expect.stringContaining('nested'),
    });
  });

  it('is for emulation when QEMU crashes', async () => {
    const crash = new Error(
      'qemu-system-x86_64 was ended by SIGABRT:\nqemu-system-x86_64: kvm.c:3183: Assertion failed',
    );
    const { probe } = await laboratory(crash);
    expect(await probe().choose(QEMU)).toMatchObject({
      reason: 'unusable',
      detail: expect.stringContaining('Assertion failed'),
    });
  });

  it('tries once for many VMs that start at once', async () => {
    const { probe, runs } = await laboratory(works);
    const one = probe();
    await Promise.all(Array.from({ length: 20 }, () => one.choose(QEMU)));
    expect(runs).toHaveLength(1);
  });

  it('remembers the answer for the next command', async () => {
    const { probe, runs } = await laboratory(fails);
    const first = await probe().choose(QEMU);
    expect(await probe().choose(QEMU)).toEqual(first);
    expect(runs).toHaveLength(1);
  });

  it.each<[string, (lab: Awaited<ReturnType<typeof laboratory>>) => Promise<typeof QEMU>]>([
    ['QEMU was replaced', async () => ({ ...QEMU, fingerprint: 'qemu:3:4' })],
    ['the host was booted', async ({ bootIdFile }) => (await writeFile(bootIdFile, 'second boot\n'), QEMU)],
    [
      'the device is a new one',
      async ({ device }) => (await chmod(device, 0o600), await utimes(device, 1, 1), QEMU),
    ],
    [
      'the cache is rubbish',
      async () => (await writeFile(join(directory.path, 'cache', 'qemu-accelerator.json'), '{"key":'), QEMU),
    ],
  ])('tries again when %s', async (_, change) => {
    const lab = await laboratory(works);
    await lab.probe().choose(QEMU);
    // Change times have the resolution of the kernel's clock.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await lab.probe().choose(await change(lab));
    expect(lab.runs).toHaveLength(2);
  });

  it('tries again when it is asked to', async () => {
    const { probe, runs } = await laboratory(works);
    const one = probe();
    await one.choose(QEMU);
    await one.choose(QEMU, { fresh: true });
    expect(runs).toHaveLength(2);
  });

  it('believes a trial that ran out of time for an hour only', async () => {
    const { probe, runs } = await laboratory(new Error('timed out'), {}, { timeoutMs: 0 });
    await probe().choose(QEMU);
    await probe().choose(QEMU);
    expect(runs).toHaveLength(1);
    const cache = join(directory.path, 'cache', 'qemu-accelerator.json');
    const entry = JSON.parse(await readFile(cache, 'utf8'));
    await writeFile(cache, JSON.stringify({ ...entry, time: Date.now() - 2 * 60 * 60 * 1000 }));
    await probe().choose(QEMU);
    expect(runs).toHaveLength(2);
  });

  it('does without a cache that cannot be written', async () => {
    const { probe } = await laboratory(works);
    await writeFile(join(directory.path, 'cache'), 'a file, not a directory');
    expect(await probe().choose(QEMU)).toEqual({ name: 'kvm' });
  });

  it('says that there is no device', async () => {
    const { probe, runs } = await laboratory(works, {}, { device: '/nowhere/kvm' });
    expect(await probe().choose(QEMU)).toMatchObject({
      reason: 'missing',
      detail: 'there is no /nowhere/kvm',
      hint: expect.stringContaining('modprobe kvm'),
    });
    expect(runs).toHaveLength(0);
  });

  it('does not try on another architecture', async () => {
    const { probe, runs } = await laboratory(works, {}, { architecture: 'arm64' });
    expect(await probe().choose(QEMU)).toMatchObject({ name: 'tcg', reason: 'foreign' });
    expect(runs).toHaveLength(0);
  });

  it.each([
    ['kvm', { name: 'kvm' }],
    ['tcg', { name: 'tcg', reason: 'chosen' }],
  ])('does what VMCTL_QEMU_ACCEL=%s says, without a trial', async (value, expected) => {
    const { probe, runs } = await laboratory(fails, { VMCTL_QEMU_ACCEL: value });
    expect(await probe().choose(QEMU)).toMatchObject(expected);
    expect(runs).toHaveLength(0);
  });

  it('says which group gives the permission', () => {
    expect(obstacle('/dev/kvm', 'EACCES')).toMatchObject({
      reason: 'permission',
      hint: expect.stringContaining('usermod -aG kvm'),
    });
  });

  it('takes a device that is a directory for one that does not work', async () => {
    const device = join(directory.path, 'directory');
    await mkdir(device);
    const { probe } = await laboratory(fails, {}, { device });
    expect(await probe().choose(QEMU)).toMatchObject({ name: 'tcg' });
  });
});
