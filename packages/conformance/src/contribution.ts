import type {
  Hypervisor,
  ImageSource,
  PluginHost,
  Provisioner,
  VmctlHooks,
  VmctlPlugin,
} from '@vmctl/core/plugin';

/** Applies a plugin to a host and asks it for one thing that it contributes, as vmctl does. */
async function ask<T>(
  plugin: VmctlPlugin,
  host: PluginHost,
  what: string,
  call: (hooks: VmctlHooks) => Promise<T | undefined>,
): Promise<T> {
  await plugin.apply(host);
  const made = await call(host.hooks);
  if (made === undefined) throw new Error(`${plugin.name} does not tap ${what}.`);
  return made;
}

/** The backend that a plugin brings. */
export function backendOf(plugin: VmctlPlugin, name: string, host: PluginHost): Promise<Hypervisor> {
  return ask(plugin, host, `hooks.hypervisor.for('${name}')`, (hooks) =>
    hooks.hypervisor.for(name).promise({ name }),
  );
}

/** The provisioner that a plugin brings. */
export function provisionerOf(plugin: VmctlPlugin, type: string, host: PluginHost): Promise<Provisioner> {
  return ask(plugin, host, `hooks.provisioner.for('${type}')`, (hooks) =>
    hooks.provisioner.for(type).promise({ type }),
  );
}

/** The image source that a plugin brings. */
export function imageSourceOf(plugin: VmctlPlugin, scheme: string, host: PluginHost): Promise<ImageSource> {
  return ask(plugin, host, `hooks.imageSource.for('${scheme}')`, (hooks) =>
    hooks.imageSource.for(scheme).promise({ log: host.log }),
  );
}
