import { nearest } from '../errors/nearest.js';
import { isVmctlError, messageOf } from '../errors/vmctl-error.js';
import type { ProvisionDefinition, RunPolicy } from './model.js';
import type { VmFileNode } from './node.js';
import type { NodeReader } from './node-reader.js';
import { show, textKind } from './value-kinds.js';

/** Finds what reads the nodes of one provisioner type. Plugins bring more types. */
export interface ProvisionerLookup {
  /** Undefined when no installed plugin brings the type; rejects when the one that does cannot be used. */
  find(type: string): Promise<{ decode(node: VmFileNode): unknown } | undefined>;
  /** Every type that there is. */
  installed(): readonly string[];
}

/** A `provision` node as far as core reads it; its type's own `decode` reads the rest. */
export interface DeclaredStep {
  /** Undefined when it is missing or no text; then the rest of the node is not read. */
  readonly type: string | undefined;
  readonly name: string;
  readonly run: RunPolicy;
  readonly node: NodeReader;
}

const RUN_POLICIES = ['always', 'once', 'never', 'changed'] as const satisfies readonly RunPolicy[];
const LONGEST_NAME = 100;
/** The packages of the types that everybody knows. */
const COMMON_TYPES: ReadonlyMap<string, string> = new Map([
  ['shell', '@vmctl/plugin-provisioners'],
  ['file', '@vmctl/plugin-provisioners'],
]);

/** The `provision` nodes of a VM, in order. */
export function readSteps(vm: NodeReader): readonly DeclaredStep[] {
  const countOfType = new Map<string, number>();
  const names = new Set<string>();
  return vm.children('provision').map((node) => {
    const type = node.positional(0, textKind, { required: true, what: 'type' });
    // Named steps count too, so that naming one does not rename the others.
    const count = (countOfType.get(type ?? '') ?? 0) + 1;
    countOfType.set(type ?? '', count);
    const given = node.string('name', { check: checkName });
    const run = node.oneOf('run', RUN_POLICIES) ?? 'always';
    const name = given ?? `${type}-${count}`;
    if (names.has(name)) {
      node.problem(`two steps of ${vm.title} are called ${show(name)}`, {
        at: { kind: 'setting', name: 'name' },
        hint: given === undefined ? 'Give this one a name of its own: name="…"' : undefined,
      });
    }
    names.add(name);
    return { type, name, run, node };
  });
}

/**
 * Lets every step be decoded by what its type brings. What goes wrong becomes a problem of the step's node; so does a
 * type that nobody brings, unless plugins that the file requires are missing (`incomplete`).
 */
export async function decodeSteps(
  steps: readonly DeclaredStep[],
  lookup: ProvisionerLookup,
  options: { readonly incomplete: boolean } = { incomplete: false },
): Promise<readonly ProvisionDefinition[]> {
  const decoded = await Promise.all(steps.map((step) => decodeStep(step, lookup, options.incomplete)));
  return decoded.flatMap((step) => step ?? []);
}

async function decodeStep(
  { type, name, run, node }: DeclaredStep,
  lookup: ProvisionerLookup,
  incomplete: boolean,
): Promise<ProvisionDefinition | undefined> {
  if (type === undefined) {
    node.excuse();
    return undefined;
  }
  try {
    const provisioner = await lookup.find(type);
    if (provisioner !== undefined) return { type, name, run, config: provisioner.decode(node) };
    if (!incomplete) reportUnknownType(type, node, lookup.installed());
  } catch (error) {
    node.problem(`the provisioner type ${show(type)} cannot be used: ${messageOf(error)}`, {
      at: { kind: 'argument', index: 0 },
      hint: isVmctlError(error) ? error.hint : undefined,
      cause: error,
    });
  }
  node.excuse();
  return undefined;
}

function reportUnknownType(type: string, node: NodeReader, installed: readonly string[]): void {
  const meant = nearest(type, installed);
  const known = installed.length === 0 ? 'none is installed' : `installed: ${installed.join(', ')}`;
  const install = `vmctl plugins install ${COMMON_TYPES.get(type) ?? 'PACKAGE'}`;
  node.problem(`there is no provisioner type ${show(type)}; ${known}`, {
    at: { kind: 'argument', index: 0 },
    hint:
      meant === undefined
        ? `Install the plugin that brings it: ${install}`
        : `Did you mean "${meant}"? More types come with plugins: ${install}`,
  });
}

/** Names are shown in one line, stored, and given to `--only`. */
function checkName(name: string): string | undefined {
  if (name.trim() === '') return 'must not be empty';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'must be one line without control characters';
  if (name.length > LONGEST_NAME)
    return `must have at most ${LONGEST_NAME} characters, and has ${name.length}`;
  return undefined;
}
