import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findFirmware, parseDescription } from '../../src/firmware.js';
import { makeError } from '../support/plugin-host.js';
import { useTemporaryDirectory } from '../support/temporary-directory.js';

/** As distributions install it. */
function description(
  changes: Readonly<Record<string, unknown>> = {},
  code = '/o/CODE.fd',
  vars = '/o/VARS.fd',
) {
  return {
    description: 'UEFI firmware for x86_64',
    'interface-types': ['uefi'],
    mapping: {
      device: 'flash',
      executable: { filename: code, format: 'raw' },
      'nvram-template': { filename: vars, format: 'raw' },
    },
    targets: [{ architecture: 'x86_64', machines: ['pc-i440fx-*', 'pc-q35-*'] }],
    features: ['acpi-s3', 'amd-sev', 'verbose-dynamic'],
    tags: [],
    ...changes,
  };
}

describe('parseDescription', () => {
  it('takes plain firmware for our kind of machine', () => {
    expect(parseDescription(JSON.stringify(description()))).toEqual({
      codePath: '/o/CODE.fd',
      templatePath: '/o/VARS.fd',
    });
  });

  it.each<[string, unknown]>([
    ['Secure Boot', description({ features: ['secure-boot', 'requires-smm'] })],
    ['a BIOS', description({ 'interface-types': ['bios'] })],
    ['another architecture', description({ targets: [{ architecture: 'aarch64', machines: ['virt-*'] }] })],
    ['another machine', description({ targets: [{ architecture: 'x86_64', machines: ['microvm'] }] })],
    ['firmware in memory', description({ mapping: { device: 'memory', filename: '/o/OVMF.fd' } })],
    [
      'qcow2 files',
      description({
        mapping: {
          device: 'flash',
          executable: { filename: '/o/CODE.qcow2', format: 'qcow2' },
          'nvram-template': { filename: '/o/VARS.qcow2', format: 'qcow2' },
        },
      }),
    ],
    ['nothing', {}],
    ['a list', []],
  ])('passes over %s', (_, value) => {
    expect(parseDescription(JSON.stringify(value))).toBeUndefined();
  });

  it('passes over what is no JSON', () => {
    expect(parseDescription('{')).toBeUndefined();
  });
});

describe('findFirmware', () => {
  const directory = useTemporaryDirectory();
  const host = { error: makeError };

  async function file(name: string, size: number): Promise<string> {
    const path = join(directory.path, name);
    await writeFile(path, Buffer.alloc(size));
    return path;
  }

  async function describedFirmware() {
    const code = await file('CODE.fd', 10);
    const vars = await file('VARS.fd', 5);
    const folder = join(directory.path, 'firmware');
    await mkdir(folder);
    await writeFile(join(folder, '10-broken.json'), '{');
    await writeFile(
      join(folder, '20-gone.json'),
      JSON.stringify(description({}, '/gone/CODE.fd', '/gone/VARS.fd')),
    );
    await writeFile(join(folder, '60-plain.json'), JSON.stringify(description({}, code, vars)));
    return { folder, code, vars };
  }

  it('takes the first described one whose files are there', async () => {
    const { folder, code, vars } = await describedFirmware();
    const found = await findFirmware(host, { descriptionDirectories: ['/nowhere', folder], known: [] });
    expect(found).toEqual({ codePath: code, templatePath: vars });
  });

  it('falls back to the usual places', async () => {
    const known = { codePath: await file('C', 1), templatePath: await file('V', 1) };
    expect(await findFirmware(host, { descriptionDirectories: [], known: [known] })).toEqual(known);
  });

  it('takes only what fits the variables that a VM has', async () => {
    const { folder } = await describedFirmware();
    const other = { codePath: await file('C2', 10), templatePath: await file('V2', 77) };
    const options = { descriptionDirectories: [folder], known: [other], variablesSize: 77 };
    expect(await findFirmware(host, options)).toEqual(other);
    await expect(findFirmware(host, { ...options, variablesSize: 78 })).rejects.toMatchObject({
      code: 'VMCTL_QEMU_FIRMWARE_MISSING',
      message: expect.stringContaining('78 bytes'),
    });
  });

  it('says what to install', async () => {
    await expect(findFirmware(host, { descriptionDirectories: [], known: [] })).rejects.toMatchObject({
      code: 'VMCTL_QEMU_FIRMWARE_MISSING',
      hint: expect.stringContaining('ovmf'),
    });
  });
});
