/** What core reads in a `vm` node: no plugin can bring a node of such a name. */
export const VM_SETTINGS: readonly string[] = [
  'image',
  'image-url',
  'vcpus',
  'memory',
  'disk',
  'backend',
  'firmware',
  'depends-on',
  'network',
  'cloud-init',
  'ssh',
  'provision',
];

/** How a node that a plugin brings may be called. */
export const VM_NODE_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
