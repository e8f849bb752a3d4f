import type { VmctlPlugin } from '@vmctl/core/plugin';

const NAME = 'template-package';

/**
 * What vmctl loads when a VM uses `backend "template-word"`, and not before. The manifest in package.json ("vmctl") says
 * that this plugin brings it; with `"platforms": ["linux"]` there it would be the default of that platform.
 *
 * Import types only from `@vmctl/core/plugin`: at run time everything comes from `host` and from the contexts.
 */
const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.hypervisor.for('template-word').tapPromise(NAME, async () => {
      // What is large is imported where it is used.
      const { ProcessBackend } = await import('./backend.js');
      return new ProcessBackend(host);
    });
  },
};

export default plugin;
