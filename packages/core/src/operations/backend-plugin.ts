import { VmctlError } from '../errors/vmctl-error.js';
import type { BackendPlugin } from '../hypervisor/contract.js';
import { readPackage } from '../project-plugins/installed-package.js';
import type { Runtime } from './runtime.js';

/**
 * A runtime with the plugin that a VMFile brought for a VM's backend, without that file. When the plugin is gone and
 * an installed one brings the backend, that one has to do.
 *
 * @throws VMCTL_BACKEND_NOT_INSTALLED when nothing brings it any more
 */
export async function withBackendPlugin(
  runtime: Runtime,
  backend: string,
  plugin: BackendPlugin,
): Promise<Runtime> {
  const pkg = await readPackage(plugin.path, 'project');
  if (pkg !== undefined) return runtime.withPlugins([pkg]);
  if ((await runtime.plugins()).claims('hypervisors', backend)) return runtime;
  const { name, version, path } = plugin;
  throw new VmctlError('VMCTL_BACKEND_NOT_INSTALLED', {
    message: `The VM was made with the backend "${backend}" of ${name} ${version}, which is not there any more: ${path}`,
    hint: `\`vmctl up\` beside its VMFile brings it again. Without that file: vmctl plugins install ${name}@${version}`,
    details: { backend, plugin },
  });
}
