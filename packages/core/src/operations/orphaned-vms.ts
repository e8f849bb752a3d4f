import type { Runtime } from './runtime.js';

/** A VM that nobody can work with until its backend is back. */
export interface OrphanedVm {
  readonly name: string;
  readonly backend: string;
}

/**
 * The VMs whose backend is brought by these plugins and by no other one: those that would be left when the plugins go. A
 * VM that was made with a plugin of its VMFile keeps that one.
 *
 * @param plugins - names of installed plugins
 */
export async function orphanedVms(runtime: Runtime, plugins: readonly string[]): Promise<OrphanedVm[]> {
  const handles = (await runtime.registry.list()).filter(
    (handle) => (handle.backend_plugin ?? null) === null,
  );
  if (handles.length === 0) return [];
  const { PluginCatalog } = await import('../plugins/catalog.js');
  const catalog = new PluginCatalog(runtime.packages);
  return handles
    .filter(({ backend }) => {
      const providers = catalog.providers('hypervisors', backend);
      return providers.length > 0 && providers.every((each) => plugins.includes(each.package.name));
    })
    .map(({ name, backend }) => ({ name, backend }));
}
