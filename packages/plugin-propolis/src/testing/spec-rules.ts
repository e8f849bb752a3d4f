/** Why a specification is not accepted. */
export class SpecRefused extends Error {}

/** What takes down the whole server. */
export class ServerAborts extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** What the server has of an accepted request. */
export interface AcceptedSpec {
  readonly id: string;
  readonly name: string;
  readonly properties: Fields;
  readonly spec: Fields;
  /** Files and devices behind disks. */
  readonly files: readonly { readonly path: string; readonly isReadOnly: boolean }[];
  readonly vnics: readonly string[];
}

/** The largest value of most counts. */
const UINT32 = 2 ** 32 - 1;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** The fields of each kind of component that the fake knows, all of them required, no others allowed. */
const COMPONENTS: Readonly<
  Record<string, Readonly<Record<string, 'text' | 'flag' | 'count' | 'place' | 'list' | 'serial'>>>
> = {
  virtio_disk: { backend_id: 'text', pci_path: 'place' },
  nvme_disk: { backend_id: 'text', pci_path: 'place', serial_number: 'serial' },
  virtio_nic: { backend_id: 'text', interface_id: 'text', pci_path: 'place' },
  serial_port: { num: 'text' },
  qemu_pvpanic: { enable_isa: 'flag' },
  boot_settings: { order: 'list' },
  file_storage_backend: { path: 'text', readonly: 'flag', block_size: 'count' },
  blob_storage_backend: { base64: 'text', readonly: 'flag' },
  virtio_network_backend: { vnic_name: 'text' },
};
const DISKS = ['virtio_disk', 'nvme_disk'];
const DISK_BACKENDS = ['file_storage_backend', 'blob_storage_backend'];
const NETWORK_BACKENDS = ['virtio_network_backend'];
/** Places of the chipset. */
const RESERVED = ['0.0.0', '0.1.0', '0.1.3'];

interface Component {
  readonly name: string;
  readonly type: string;
  readonly fields: Fields;
}

/**
 * Checks a request as the server does, beyond what its schema says.
 *
 * @param major - of the version of the API that was asked for
 * @throws {@link SpecRefused}, {@link ServerAborts}
 */
export function acceptSpec(body: unknown, major: number): AcceptedSpec {
  const request = object(body, 'body');
  const properties = object(request['properties'], 'properties');
  const id = text(properties['id'], 'properties.id');
  if (!UUID.test(id)) throw new SpecRefused(`properties.id: invalid UUID: ${id}`);
  const name = text(properties['name'], 'properties.name');
  text(properties['description'], 'properties.description');
  checkMetadata(object(properties['metadata'], 'properties.metadata'));
  const init = object(request['init'], 'init');
  if (init['method'] !== 'Spec') throw new SpecRefused('init.method: the fake knows "Spec" only');
  const spec = object(object(init['value'], 'init.value')['spec'], 'spec');
  only(spec, ['board', 'components', ...(major > 1 ? ['smbios'] : [])], 'spec');
  checkSmbios(spec['smbios']);
  checkBoard(object(spec['board'], 'board'));
  const components = Object.entries(object(spec['components'], 'components')).map(([key, value]) =>
    readComponent(key, value, major),
  );
  checkPlaces(components);
  checkBackends(components);
  checkBootOrder(components);
  if (!components.some(({ type, fields }) => type === 'serial_port' && fields['num'] === 'com1')) {
    throw new ServerAborts('called `Option::unwrap()` on a `None` value: com1');
  }
  const of = (type: string): readonly Fields[] =>
    components.filter((component) => component.type === type).map(({ fields }) => fields);
  return {
    id,
    name,
    properties,
    spec,
    files: of('file_storage_backend').map((fields) => ({
      path: String(fields['path']),
      isReadOnly: fields['readonly'] === true,
    })),
    vnics: of('virtio_network_backend').map((fields) => String(fields['vnic_name'])),
  };
}

function checkMetadata(metadata: Fields): void {
  for (const field of ['silo_id', 'project_id', 'sled_id']) {
    if (!UUID.test(text(metadata[field], field))) throw new SpecRefused(`metadata.${field}: invalid UUID`);
  }
  text(metadata['sled_serial'], 'metadata.sled_serial');
  text(metadata['sled_model'], 'metadata.sled_model');
  count(metadata['sled_revision'], 'metadata.sled_revision', UINT32);
}

function checkBoard(board: Fields): void {
  // There is more that a board can have; vmctl asks for none of it.
  only(board, ['cpus', 'memory_mb', 'chipset', 'guest_hv_interface'], 'board');
  const cpus = count(board['cpus'], 'board.cpus');
  if (cpus < 1 || cpus > 32) throw new SpecRefused(`board.cpus: ${cpus} is not between 1 and 32`);
  if (count(board['memory_mb'], 'board.memory_mb') < 1) throw new SpecRefused('board.memory_mb: no memory');
  const chipset = object(board['chipset'], 'board.chipset');
  only(chipset, ['type', 'value'], 'board.chipset');
  if (chipset['type'] !== 'i440_fx') throw new SpecRefused('board.chipset: unknown variant');
  const value = object(chipset['value'], 'board.chipset.value');
  only(value, ['enable_pcie'], 'board.chipset.value');
  if (typeof value['enable_pcie'] !== 'boolean') {
    throw new SpecRefused('board.chipset: missing field `enable_pcie`');
  }
  if (board['guest_hv_interface'] === undefined) return;
  const hypervisor = object(board['guest_hv_interface'], 'board.guest_hv_interface');
  only(hypervisor, ['type'], 'board.guest_hv_interface');
  if (hypervisor['type'] !== 'bhyve') throw new SpecRefused('board.guest_hv_interface: unknown variant');
}

function checkSmbios(smbios: unknown): void {
  if (smbios === undefined || smbios === null) return;
  const fields = object(smbios, 'smbios');
  const texts = ['manufacturer', 'product_name', 'serial_number'];
  only(fields, [...texts, 'version'], 'smbios');
  for (const field of texts) text(fields[field], `smbios.${field}`);
  count(fields['version'], 'smbios.version');
}

function readComponent(name: string, value: unknown, major: number): Component {
  if (UUID.test(name)) throw new SpecRefused(`component ${name}: a key is a name here, not a UUID`);
  const component = object(value, `component ${name}`);
  only(component, ['type', 'component'], `component ${name}`);
  const type = text(component['type'], `component ${name}: type`);
  const known = COMPONENTS[type];
  if (known === undefined) throw new SpecRefused(`component ${name}: unknown variant \`${type}\``);
  const shape = type === 'nvme_disk' && major >= 6 ? { ...known, has_write_cache: 'flag' } : known;
  const fields = object(component['component'], `component ${name}`);
  only(fields, Object.keys(shape), `component ${name}`);
  for (const [field, kind] of Object.entries(shape)) {
    const what = `component ${name}: ${field}`;
    const given = fields[field];
    if (kind === 'text') text(given, what);
    else if (kind === 'count') count(given, what, UINT32);
    else if (kind === 'serial') serialNumber(given, what);
    else if (kind === 'place') place(given, what);
    else if (kind === 'flag' ? typeof given !== 'boolean' : !Array.isArray(given)) {
      throw new SpecRefused(`${what}: missing or of another type`);
    }
  }
  if (type === 'serial_port' && !/^com[1-4]$/.test(String(fields['num']))) {
    throw new SpecRefused(`component ${name}: unknown variant \`${String(fields['num'])}\``);
  }
  if (type === 'virtio_nic' && !UUID.test(String(fields['interface_id']))) {
    throw new SpecRefused(`component ${name}: interface_id: invalid UUID`);
  }
  return { name, type, fields };
}

function checkPlaces(components: readonly Component[]): void {
  const taken = new Map<string, string>();
  for (const { name, fields } of components) {
    if (fields['pci_path'] === undefined) continue;
    const at = place(fields['pci_path'], name);
    if (RESERVED.includes(at)) throw new SpecRefused(`component ${name}: PCI path ${at} is the chipset's`);
    const other = taken.get(at);
    if (other !== undefined) throw new SpecRefused(`PCI path ${at} is in use by ${other} and ${name}`);
    taken.set(at, name);
  }
}

function checkBackends(components: readonly Component[]): void {
  const users = new Map<string, string>();
  for (const { name, type, fields } of components) {
    const wanted = DISKS.includes(type)
      ? DISK_BACKENDS
      : type === 'virtio_nic'
        ? NETWORK_BACKENDS
        : undefined;
    if (wanted === undefined) continue;
    const backend = String(fields['backend_id']);
    const found = components.find((component) => component.name === backend);
    if (found === undefined || !wanted.includes(found.type)) {
      throw new SpecRefused(`component ${name}: there is no backend ${backend} for it`);
    }
    const other = users.get(backend);
    if (other !== undefined) throw new SpecRefused(`backend ${backend} is used by ${other} and ${name}`);
    users.set(backend, name);
  }
  for (const { name, type } of components) {
    const isBackend = DISK_BACKENDS.includes(type) || NETWORK_BACKENDS.includes(type);
    if (isBackend && !users.has(name)) throw new SpecRefused(`backend ${name} is used by no device`);
  }
}

function checkBootOrder(components: readonly Component[]): void {
  const settings = components.filter(({ type }) => type === 'boot_settings');
  if (settings.length > 1) throw new SpecRefused('there is more than one boot_settings');
  const order = settings[0]?.fields['order'];
  for (const entry of Array.isArray(order) ? order : []) {
    const id = text(object(entry, 'boot order')['id'], 'boot order');
    const disk = components.find(({ name }) => name === id);
    if (disk === undefined || !DISKS.includes(disk.type)) {
      throw new SpecRefused(`boot order: ${id} is no disk`);
    }
  }
}

/** `bus.device.function`. */
function place(value: unknown, what: string): string {
  const path = object(value, what);
  const [bus, device, fn] = ['bus', 'device', 'function'].map((field) =>
    count(path[field], `${what}.${field}`),
  );
  if (bus === undefined || device === undefined || fn === undefined)
    throw new SpecRefused(`${what}: missing field`);
  if (bus !== 0) throw new SpecRefused(`${what}: there is no bridge to bus ${bus}`);
  if (device > 31) throw new SpecRefused(`${what}: device ${device} is more than 31`);
  if (fn > 7) throw new SpecRefused(`${what}: function ${fn} is more than 7`);
  return `${bus}.${device}.${fn}`;
}

function only(fields: Fields, known: readonly string[], what: string): void {
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) throw new SpecRefused(`${what}: unknown field \`${unknown}\``);
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SpecRefused(`${what}: missing or no object`);
  }
  // An object of JSON has its fields by name.
  return value as Fields;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new SpecRefused(`${what}: missing or no string`);
  return value;
}

function serialNumber(value: unknown, what: string): void {
  if (!Array.isArray(value) || value.length !== 20) throw new SpecRefused(`${what}: not 20 bytes`);
  for (const byte of value) count(byte, what, 255);
}

function count(value: unknown, what: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw new SpecRefused(`${what}: missing or no count`);
  }
  return value;
}
