import { VmctlError } from '../errors/vmctl-error.js';
import type { ContributionKind } from './catalog.js';

/** Words for messages about one kind of contribution. */
export interface Wording {
  readonly kind: ContributionKind;
  readonly noun: string;
  readonly code:
    | 'VMCTL_BACKEND_NOT_INSTALLED'
    | 'VMCTL_PROVISIONER_UNKNOWN'
    | 'VMCTL_IMAGE_SCHEME_UNKNOWN'
    | 'VMCTL_VM_NODE_UNKNOWN';
  /** The property in which a product says its own name. */
  readonly property: string;
}

export const BACKEND: Wording = {
  kind: 'hypervisors',
  noun: 'backend',
  code: 'VMCTL_BACKEND_NOT_INSTALLED',
  property: 'name',
};
export const PROVISIONER: Wording = {
  kind: 'provisioners',
  noun: 'provisioner type',
  code: 'VMCTL_PROVISIONER_UNKNOWN',
  property: 'type',
};
export const IMAGE_SOURCE: Wording = {
  kind: 'imageSources',
  noun: 'image source',
  code: 'VMCTL_IMAGE_SCHEME_UNKNOWN',
  property: 'scheme',
};
export const VM_NODE: Wording = {
  kind: 'vmNodes',
  noun: 'VM node',
  code: 'VMCTL_VM_NODE_UNKNOWN',
  property: 'name',
};

/** A plugin that does not do what its manifest says. */
export function notBrought(plugin: string, { noun }: Wording, key: string): VmctlError {
  return new VmctlError('VMCTL_PLUGIN_INVALID', {
    message: `The plugin ${plugin} says that it brings the ${noun} "${key}", but does not.`,
    hint: `Its apply() has to tap the hook of the ${noun} for "${key}" and give an object. Tell its authors, or remove it: vmctl plugins uninstall ${plugin}`,
    details: { plugin },
  });
}

/**
 * The name of a product ends up in the handles of VMs and in the state of steps, where it has to lead back to its plugin.
 *
 * @throws VMCTL_PLUGIN_INVALID for one that calls itself by another name
 */
export function mustBeNamed(made: object, plugin: string, { noun, property }: Wording, key: string): void {
  const own: unknown = Reflect.get(made, property);
  if (own === key) return;
  throw new VmctlError('VMCTL_PLUGIN_INVALID', {
    message: `The plugin ${plugin} brings the ${noun} "${key}", but its "${property}" is ${JSON.stringify(own) ?? 'missing'}.`,
    hint: `It has to be the word for which its apply() taps the hook. Tell its authors, or remove it: vmctl plugins uninstall ${plugin}`,
    details: { plugin },
  });
}
