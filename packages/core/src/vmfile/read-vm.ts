import type { Dependency, VmDefinition } from './model.js';
import type { NodeReader } from './node-reader.js';
import { readImage } from './read-image.js';
import { readCloudInit, readSsh } from './read-login.js';
import { type DeclaredForward, readNetwork } from './read-network.js';
import { type DeclaredStep, readSteps } from './read-provision.js';
import { diskKind, memoryKind } from './sizes.js';
import { integerKind, show, type ValueKind } from './value-kinds.js';

export const DEFAULT_VCPUS = 1;
export const DEFAULT_MEMORY_MIB = 1024;
/** The most that QEMU's machine types can have. */
const MOST_VCPUS = 4096;

const vcpusKind: ValueKind<number> = { ...integerKind, example: '2' };

/** A name in `depends-on`, with its place. */
export interface DeclaredDependency {
  readonly dependency: Dependency;
  readonly node: NodeReader;
  /** Which argument of the node it is. */
  readonly index: number;
}

/**
 * A `vm` node. Where something in it is wrong, the definition has a default or something empty in its place; it is
 * good for looking for further problems and for nothing else.
 */
export interface DeclaredVm {
  readonly definition: Omit<VmDefinition, 'provision' | 'extensions'>;
  /** Undefined when the name is missing or cannot be one. */
  readonly name: string | undefined;
  readonly node: NodeReader;
  readonly dependencies: readonly DeclaredDependency[];
  readonly forwards: readonly DeclaredForward[];
  readonly steps: readonly DeclaredStep[];
}

/** What the configuration says for settings that a VM leaves out; what is undefined has vmctl's own default. */
export interface VmFileDefaults {
  /** For `network "tap"` without `bridge`. */
  readonly bridge?: string | undefined;
  /** For `ssh` without `timeout`. */
  readonly readyTimeoutSeconds?: number | undefined;
}

/** Reads one `vm` node, but for what plugins read: the steps and nodes of their own. */
export function readVm(node: NodeReader, defaults: VmFileDefaults = {}): DeclaredVm {
  const name = node.argument(0, { required: true, what: 'name', check: checkVmName });
  const image = readImage(node) ?? { kind: 'path', path: '' };
  const vcpus = node.setting('vcpus', vcpusKind, { check: checkVcpus }) ?? DEFAULT_VCPUS;
  const memoryMb = node.setting('memory', memoryKind) ?? DEFAULT_MEMORY_MIB;
  const diskBytes = node.setting('disk', diskKind);
  const backend = node.string('backend', { check: checkBackend });
  const firmware = node.oneOf('firmware', ['bios', 'uefi']);
  const dependencies = node.children('depends-on').flatMap(readDependencies);
  const { network, forwards } = readNetwork(node, defaults.bridge);
  node.hintAbout('forward', 'It belongs into the network: network "user" { forward host=… guest=… }');
  const cloudInit = readCloudInit(node, name ?? '');
  const ssh = readSsh(node, defaults.readyTimeoutSeconds);
  const steps = readSteps(node);
  const [firstStep] = steps;
  if (firstStep !== undefined && cloudInit === undefined && !ssh.declared) {
    firstStep.node.problem(
      `${node.title} has steps, but neither a "cloud-init" nor an "ssh" block to log in with`,
      {
        hint: 'Add cloud-init for an image that has it, or ssh { user "…"; private-key "…" }',
      },
    );
  }
  return {
    definition: {
      name: name ?? '',
      image,
      vcpus,
      memoryMb,
      diskBytes,
      backend,
      firmware,
      dependsOn: dependencies.map(({ dependency }) => dependency),
      network,
      forwards: forwards.map(({ forward }) => forward),
      cloudInit,
      ssh,
    },
    name,
    node,
    dependencies,
    forwards,
    steps,
  };
}

function readDependencies(node: NodeReader): DeclaredDependency[] {
  const until = node.oneOf('until', ['started', 'ready', 'provisioned']) ?? 'ready';
  const first = node.argument(0, { required: true, what: 'VM' });
  const more = node.arguments.slice(1).map((_, index) => node.argument(index + 1, { what: 'VM' }));
  return [first, ...more].flatMap((vm, index) =>
    vm === undefined ? [] : [{ dependency: { vm, until }, node, index }],
  );
}

/** Names become paths, host names and identifiers of backends. */
function checkVmName(name: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return undefined;
  return `must be 1 to 63 of a-z A-Z 0-9 . _ - and begin with a letter or digit, not ${show(name)}`;
}

export function checkVcpus(count: number): string | undefined {
  if (count >= 1 && count <= MOST_VCPUS) return undefined;
  return `must be from 1 to ${MOST_VCPUS}, not ${count}`;
}

function checkBackend(name: string): string | undefined {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)
    ? undefined
    : `must be the name of a backend, not ${show(name)}`;
}
