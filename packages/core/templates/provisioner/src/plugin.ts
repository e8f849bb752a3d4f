import type { VmctlPlugin } from '@vmctl/core/plugin';
import { provisioner } from './provisioner.js';

const NAME = 'template-package';

/**
 * What vmctl loads when a VMFile has `provision "template-word"`, and not before. The manifest in package.json ("vmctl")
 * says that this plugin brings it.
 *
 * Import types only from `@vmctl/core/plugin`: at run time everything comes from `host` and from the contexts.
 */
const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.provisioner.for(provisioner.type).tapPromise(NAME, async () => provisioner);
  },
};

export default plugin;
