import { VmctlError } from '../errors/vmctl-error.js';
import type { BackendPlugin } from '../hypervisor/contract.js';
import type { PluginPackage } from '../plugins/manifest.js';
import type { PluginSystem } from '../plugins/plugin-system.js';
import { readPackage } from '../project-plugins/installed-package.js';

/**
 * The package of the plugin that a VMFile brought for a VM's backend, without that file. Undefined when it is gone and an
 * installed plugin brings the backend: that one has to do.
 *
 * @param installed - knows what the installed plugins bring
 * @throws VMCTL_BACKEND_NOT_INSTALLED when nothing brings it any more
 */
export async function backendPackage(
  backend: string,
  plugin: BackendPlugin,
  installed: () => Promise<Pick<PluginSystem, 'claims'>>,
): Promise<PluginPackage | undefined> {
  const pkg = await readPackage(plugin.path, 'project');
  if (pkg !== undefined || (await installed()).claims('hypervisors', backend)) return pkg;
  const { name, version, path } = plugin;
  throw new VmctlError('VMCTL_BACKEND_NOT_INSTALLED', {
    message: `The VM was made with the backend "${backend}" of ${name} ${version}, which is not there any more: ${path}`,
    hint: `\`vmctl up\` beside its VMFile brings it again. Without that file: vmctl plugins install ${name}@${version}`,
    details: { backend, plugin },
  });
}
