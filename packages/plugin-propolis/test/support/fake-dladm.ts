import { FakeFailure, type FakeState, type FakeTool } from './fake-state.js';
import { getopt, operands } from './fake-options.js';

const FIELDS = ['link', 'over', 'macaddress', 'speed', 'vid'];

/** dladm(8), as far as the backend uses it. */
export const dladm: FakeTool = ([verb = '', ...args], state) => {
  switch (verb) {
    case 'show-vnic':
      return show(
        verb,
        args,
        Object.entries(state.vnics).map(([link, { over, mac }]) => ({
          link,
          over,
          // Octets have no leading zeros.
          macaddress: mac
            .split(':')
            .map((octet) => Number.parseInt(octet, 16).toString(16))
            .join(':'),
        })),
      );
    case 'show-phys':
      return show(
        verb,
        args,
        state.physicalLinks.map((link) => ({ link })),
      );
    case 'create-vnic':
      return createVnic(args, state);
    case 'delete-vnic':
      return deleteVnic(args, state);
    default:
      throw new FakeFailure(`dladm: unrecognized subcommand '${verb}'\nusage: dladm <subcommand> <args> ...`);
  }
};

function show(
  verb: string,
  args: readonly string[],
  rows: readonly Readonly<Record<string, string>>[],
): string {
  const options = getopt(`dladm ${verb}`, args, 'po:', 1);
  operands(`dladm ${verb}`, options, 0, 1);
  const fields = options.values.get('o')?.at(-1)?.split(',');
  if (!options.values.has('p') || fields === undefined) {
    throw new FakeFailure('dladm: the option -p requires -o <fields>');
  }
  for (const field of fields) {
    if (!FIELDS.includes(field)) throw new FakeFailure(`dladm: unknown output field '${field}'`);
  }
  const escape = (text: string): string =>
    fields.length === 1 ? text : text.replaceAll(/[\\:]/g, String.raw`\$&`);
  return rows.map((row) => `${fields.map((field) => escape(row[field] ?? '')).join(':')}\n`).join('');
}

function createVnic(args: readonly string[], state: FakeState): string {
  const options = getopt('dladm create-vnic', args, 'tl:m:', 1);
  const [link = ''] = operands('dladm create-vnic', options, 1, 1);
  const over = options.values.get('l')?.at(-1) ?? '';
  if (link.length > 31 || !/^[A-Za-z]\w*$/.test(link) || !/(?:^|\D)(?:0|[1-9]\d{0,9})$/.test(link)) {
    throw new FakeFailure(`dladm: invalid link name '${link}'`);
  }
  if (!state.physicalLinks.includes(over)) {
    throw new FakeFailure(`dladm: invalid link name '${over}': object not found`);
  }
  if (state.vnics[link] !== undefined || state.physicalLinks.includes(link)) {
    throw new FakeFailure(`dladm: vnic creation over ${over} failed: object already exists`);
  }
  const wanted = options.values.get('m')?.at(-1);
  if (wanted !== undefined && !/^(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(wanted)) {
    throw new FakeFailure(`dladm: invalid MAC address '${wanted}'`);
  }
  state.macs += 1;
  const mac = wanted ?? `02:08:20:0a:${hex(state.macs >> 8)}:${hex(state.macs)}`;
  if (Object.values(state.vnics).some((each) => each.mac === mac)) {
    throw new FakeFailure(`dladm: vnic creation over ${over} failed: MAC address is in use`);
  }
  state.vnics[link] = { over, mac, isTemporary: options.values.has('t') };
  return '';
}

function deleteVnic(args: readonly string[], state: FakeState): string {
  const options = getopt('dladm delete-vnic', args, 't', 1);
  const [link = ''] = operands('dladm delete-vnic', options, 1, 1);
  if (state.vnics[link] === undefined) {
    throw new FakeFailure(`dladm: invalid vnic name '${link}': object not found`);
  }
  delete state.vnics[link];
  return '';
}

function hex(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}
