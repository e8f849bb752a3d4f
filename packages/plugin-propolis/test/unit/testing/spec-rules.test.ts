import { describe, expect, it } from '@jest/globals';
import { acceptSpec, ServerAborts, SpecRefused } from '../../../src/testing/spec-rules.js';
import { anEnsureRequest, VM_UUID } from '../../support/fakes.js';

/** A request as JSON, free of its type: to be changed into something wrong. */
const loose = () => JSON.parse(JSON.stringify(anEnsureRequest()));
type Loose = ReturnType<typeof loose>;
const components = (body: Loose) => body.init.value.spec.components;
const place = (device: number, fn = 0, bus = 0) => ({ bus, device, function: fn });

describe('a fake server', () => {
  it('accepts what vmctl sends, and tells what it has of it', () => {
    expect(acceptSpec(loose(), 5)).toMatchObject({
      id: VM_UUID,
      name: 'web',
      files: [
        { path: '/dev/zvol/rdsk/rpool/vmctl/vms/web', isReadOnly: false },
        { path: '/vms/web/seed.iso', isReadOnly: true },
      ],
      vnics: ['vmctl7'],
    });
  });

  it('aborts without com1, as the real one does', () => {
    const body = loose();
    delete components(body).com1;
    expect(() => acceptSpec(body, 5)).toThrow(ServerAborts);
    components(body).com1 = { type: 'serial_port', component: { num: 'com2' } };
    expect(() => acceptSpec(body, 5)).toThrow(ServerAborts);
  });

  const rules: readonly [string, (body: Loose) => void, RegExp][] = [
    ['no processor', (body) => (body.init.value.spec.board.cpus = 0), /cpus/],
    ['33 processors', (body) => (body.init.value.spec.board.cpus = 33), /cpus/],
    ['no memory', (body) => (body.init.value.spec.board.memory_mb = 0), /memory/],
    ['a PCI device of 32', (body) => (components(body).net0.component.pci_path = place(32)), /more than 31/],
    [
      'a PCI function of 8',
      (body) => (components(body).net0.component.pci_path = place(8, 8)),
      /more than 7/,
    ],
    [
      'a bus without a bridge',
      (body) => (components(body).net0.component.pci_path = place(8, 0, 1)),
      /bridge/,
    ],
    ...([place(0), place(1), place(1, 3)] as const).map(
      (reserved): [string, (body: Loose) => void, RegExp] => [
        `a device at ${JSON.stringify(reserved)}`,
        (body) => (components(body).net0.component.pci_path = reserved),
        /chipset/,
      ],
    ),
    ['two devices in one place', (body) => (components(body).net0.component.pci_path = place(16)), /in use/],
    ['a backend that is not there', (body) => delete components(body)['net0-backend'], /no backend/],
    [
      'a backend of another kind',
      (body) => (components(body).net0.component.backend_id = 'boot-disk-backend'),
      /no backend/,
    ],
    ['a backend that nobody uses', (body) => delete components(body).net0, /used by no device/],
    [
      'a backend that two use',
      (body) => (components(body)['cloud-init'].component.backend_id = 'boot-disk-backend'),
      /used by boot-disk and cloud-init/,
    ],
    [
      'a boot order with what is no disk',
      (body) => (components(body)['boot-settings'].component.order = [{ id: 'net0' }]),
      /no disk/,
    ],
    [
      'a boot order with nothing',
      (body) => (components(body)['boot-settings'].component.order = [{ id: 'x' }]),
      /no disk/,
    ],
    ['a key that is a UUID', (body) => (components(body)[VM_UUID] = components(body).pvpanic), /not a UUID/],
    ['a kind that there is not', (body) => (components(body).pvpanic.type = 'e1000'), /unknown variant/],
    [
      'a field that there is not',
      (body) => (components(body).pvpanic.component.enable_pci = true),
      /unknown field/,
    ],
    [
      'a field too few',
      (body) => delete components(body)['boot-disk-backend'].component.block_size,
      /block_size/,
    ],
    [
      'an interface that is no UUID',
      (body) => (components(body).net0.component.interface_id = 'net0'),
      /UUID/,
    ],
    ['an id that is no UUID', (body) => (body.properties.id = 'web'), /UUID/],
    ['no metadata', (body) => delete body.properties.metadata, /metadata/],
  ];

  it.each(rules)('refuses %s', (_what, change, says) => {
    const body = loose();
    change(body);
    expect(() => acceptSpec(body, 5)).toThrow(SpecRefused);
    expect(() => acceptSpec(body, 5)).toThrow(says);
  });

  it('takes smbios, but not in 1.0.0', () => {
    const body = loose();
    body.init.value.spec.smbios = { manufacturer: 'x', product_name: 'x', serial_number: 'x', version: 1 };
    acceptSpec(body, 5);
    expect(() => acceptSpec(body, 1)).toThrow(/unknown field `smbios`/);
  });

  it('wants has_write_cache of an NVMe disk from 6.0.0 on, and knows no such field before', () => {
    const body = loose();
    const { pci_path, backend_id } = components(body)['boot-disk'].component;
    const component = { pci_path, backend_id, serial_number: Array.from({ length: 20 }, () => 0) };
    components(body)['boot-disk'] = { type: 'nvme_disk', component };
    acceptSpec(body, 5);
    expect(() => acceptSpec(body, 6)).toThrow(/has_write_cache/);
    components(body)['boot-disk'].component = { ...component, has_write_cache: true };
    acceptSpec(body, 6);
    expect(() => acceptSpec(body, 5)).toThrow(/unknown field/);
  });

  it.each([null, 1, 'x', [], {}, { properties: {} }])('refuses %j without a crash', (body) => {
    expect(() => acceptSpec(body, 5)).toThrow(SpecRefused);
  });
});
