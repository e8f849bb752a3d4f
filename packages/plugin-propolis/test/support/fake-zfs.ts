import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FakeFailure, type FakeDataset, type FakeState, type FakeTool } from './fake-state.js';
import { getopt, operands, type Options } from './fake-options.js';

/** zfs rounds the size of a new volume up to this. */
const ROUNDING = 128 * 1024;
const BLOCK = 8192;
const NAME = /^[A-Za-z][\w.:-]*(?:\/[\w.:-]+)*$/;
const LONGEST_NAME = 255;

/** zfs(8), as far as the backend uses it. */
export const zfs: FakeTool = ([verb = '', ...args], state, directory) => {
  switch (verb) {
    case 'list':
      return list(args, state);
    case 'create':
      return create(args, state, directory);
    case 'snapshot':
      return snapshot(args, state, directory);
    case 'clone':
      return clone(args, state, directory);
    case 'set':
      return set(args, state, directory);
    case 'destroy':
      return destroy(args, state, directory);
    default:
      throw new FakeFailure(`unrecognized command '${verb}'\nusage: zfs command args ...`, 2);
  }
};

function list(args: readonly string[], state: FakeState): string {
  const options = getopt('zfs list', args, 'Hpo:t:');
  const { values } = options;
  if (!values.has('H') || !values.has('p'))
    throw new FakeFailure('the fake zfs lists for machines only: -Hp', 2);
  const columns = values.get('o')?.at(-1)?.split(',') ?? [];
  for (const column of columns) {
    if (!['name', 'volsize', 'origin'].includes(column) && !column.includes(':')) {
      throw new FakeFailure(`bad property list: invalid property '${column}'\nusage: …`, 2);
    }
  }
  const types = (values.get('t')?.at(-1) ?? 'filesystem').split(',');
  for (const type of types) {
    if (['filesystem', 'volume', 'snapshot'].includes(type)) continue;
    throw new FakeFailure(`invalid type '${type}'\nusage: …`, 2);
  }
  for (const name of options.operands) {
    const found = state.datasets[name];
    if (found === undefined) throw missing('open', name);
    if (!types.includes(found.type)) {
      throw new FakeFailure(`cannot open '${name}': operation not applicable to datasets of this type`);
    }
  }
  return Object.entries(state.datasets)
    .filter(([name, each]) =>
      options.operands.length > 0 ? options.operands.includes(name) : types.includes(each.type),
    )
    .map(([name, each]) => `${columns.map((column) => cell(column, name, each)).join('\t')}\n`)
    .join('');
}

function cell(column: string, name: string, dataset: FakeDataset): string {
  if (column === 'name') return name;
  if (column === 'volsize') return dataset.volsize === undefined ? '-' : String(dataset.volsize);
  return (column === 'origin' ? dataset.origin : dataset.properties[column]) ?? '-';
}

function create(args: readonly string[], state: FakeState, directory: string): string {
  const options = getopt('zfs create', args, 'pso:V:');
  const [name = ''] = operands('zfs create', options, 1);
  const size = Number(options.values.get('V')?.at(-1));
  checkName('create', name, state);
  if (!Number.isSafeInteger(size) || size <= 0) throw new FakeFailure(`bad volume size '${size}'`, 2);
  const hasParents = options.values.has('p');
  // As zfs does it: whatever has the name is taken for the one that was to be made.
  if (state.datasets[name] !== undefined) {
    if (hasParents) return '';
    throw new FakeFailure(`cannot create '${name}': dataset already exists`);
  }
  parents('create', name, state, hasParents);
  const volsize = Math.ceil(size / ROUNDING) * ROUNDING;
  state.datasets[name] = { type: 'volume', volsize, properties: propertiesOf(options) };
  writeDevice(directory, name, volsize);
  return '';
}

function snapshot(args: readonly string[], state: FakeState, directory: string): string {
  const [name = ''] = operands('zfs snapshot', getopt('zfs snapshot', args, ''), 1);
  const [dataset = '', label] = name.split('@');
  const of = state.datasets[dataset];
  if (label === undefined || !/^[\w.:-]+$/.test(label)) {
    throw new FakeFailure(`cannot create snapshot '${name}': invalid name`);
  }
  if (of === undefined) throw missing('open', dataset);
  if (state.datasets[name] !== undefined) {
    throw new FakeFailure(`cannot create snapshot '${name}': dataset already exists`);
  }
  state.datasets[name] = {
    type: 'snapshot',
    ...(of.volsize === undefined ? {} : { volsize: of.volsize }),
    properties: {},
  };
  copyFileSync(device(directory, dataset), device(directory, name));
  return '';
}

function clone(args: readonly string[], state: FakeState, directory: string): string {
  const options = getopt('zfs clone', args, 'po:');
  const [origin = '', name = ''] = operands('zfs clone', options, 2);
  const base = state.datasets[origin];
  if (base?.type !== 'snapshot') throw missing('open', origin);
  checkName('create', name, state);
  const hasParents = options.values.has('p');
  if (state.datasets[name] !== undefined) {
    if (hasParents) return '';
    throw new FakeFailure(`cannot create '${name}': dataset already exists`);
  }
  parents('create', name, state, hasParents);
  const { volsize = 0 } = base;
  state.datasets[name] = { type: 'volume', volsize, origin, properties: propertiesOf(options) };
  mkdirSync(dirname(device(directory, name)), { recursive: true });
  copyFileSync(device(directory, origin), device(directory, name));
  return '';
}

function set(args: readonly string[], state: FakeState, directory: string): string {
  const [assignment = '', name = ''] = operands('zfs set', getopt('zfs set', args, ''), 2);
  const dataset = state.datasets[name];
  if (dataset === undefined) throw missing('open', name);
  const [property = '', value = ''] = assignment.split('=');
  const volsize = Number(value);
  if (property !== 'volsize' || dataset.type !== 'volume') {
    throw new FakeFailure(`cannot set property for '${name}': invalid property '${property}'`);
  }
  if (!Number.isSafeInteger(volsize) || volsize % BLOCK !== 0) {
    throw new FakeFailure(
      `cannot set property for '${name}': 'volsize' must be a multiple of volume block size (8K)`,
    );
  }
  state.datasets[name] = { ...dataset, volsize };
  truncateSync(device(directory, name), volsize);
  return '';
}

function destroy(args: readonly string[], state: FakeState, directory: string): string {
  // The real one would do it.
  if (args.some((arg) => /^-\w*[rRf]/.test(arg)))
    throw new FakeFailure(`the fake zfs refuses: ${args.join(' ')}`, 99);
  const [name = ''] = operands('zfs destroy', getopt('zfs destroy', args, ''), 1);
  const dataset = state.datasets[name];
  if (dataset === undefined) throw missing(name.includes('@') ? 'find' : 'open', name);
  const all = Object.entries(state.datasets);
  const clones = all.filter(([, each]) => each.origin === name).map(([of]) => of);
  if (clones.length > 0) {
    throw new FakeFailure(
      [
        `cannot destroy '${name}': snapshot has dependent clones`,
        "use '-R' to destroy the following datasets:",
        ...clones,
      ].join('\n'),
    );
  }
  const children = all
    .map(([each]) => each)
    .filter((each) => each.startsWith(`${name}@`) || each.startsWith(`${name}/`));
  if (children.length > 0) {
    const kind = dataset.type === 'volume' ? 'volume' : 'filesystem';
    throw new FakeFailure(
      [
        `cannot destroy '${name}': ${kind} has children`,
        "use '-r' to destroy the following datasets:",
        ...children,
      ].join('\n'),
    );
  }
  delete state.datasets[name];
  rmSync(device(directory, name), { force: true });
  return '';
}

function checkName(verb: string, name: string, { pools }: FakeState): void {
  if (!NAME.test(name) || name.length > LONGEST_NAME) {
    throw new FakeFailure(`cannot ${verb} '${name}': invalid character or name too long`);
  }
  const [pool = ''] = name.split('/');
  if (!pools.includes(pool)) throw new FakeFailure(`cannot ${verb} '${name}': no such pool '${pool}'`);
}

function parents(verb: string, name: string, state: FakeState, make: boolean): void {
  const parts = name.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join('/');
    const found = state.datasets[parent];
    if (found?.type === 'volume')
      throw new FakeFailure(`cannot ${verb} '${name}': parent is not a filesystem`);
    if (found !== undefined) continue;
    if (!make) throw new FakeFailure(`cannot ${verb} '${name}': parent does not exist`);
    state.datasets[parent] = { type: 'filesystem', properties: {} };
  }
}

function propertiesOf({ values }: Options): Record<string, string> {
  return Object.fromEntries(
    (values.get('o') ?? []).map((assignment) => {
      const at = assignment.indexOf('=');
      const property = assignment.slice(0, at);
      // User properties have a colon, and are lower case.
      if (at < 1 || !/^[a-z0-9._+-]*:[a-z0-9:._+-]+$/.test(property)) {
        throw new FakeFailure(`cannot create: invalid property '${property}'`, 2);
      }
      return [property, assignment.slice(at + 1)];
    }),
  );
}

function missing(verb: string, name: string): FakeFailure {
  return name.includes('@') && verb === 'find'
    ? new FakeFailure(`could not find any snapshots to destroy; check snapshot names.`)
    : new FakeFailure(`cannot ${verb} '${name}': dataset does not exist`);
}

function device(directory: string, dataset: string): string {
  return join(directory, 'dev/zvol/rdsk', dataset);
}

function writeDevice(directory: string, dataset: string, size: number): void {
  const path = device(directory, dataset);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  truncateSync(path, size);
}
