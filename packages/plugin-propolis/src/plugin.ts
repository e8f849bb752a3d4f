import type { VmctlPlugin } from '@vmctl/core/plugin';

const NAME = '@vmctl/plugin-propolis';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.hypervisor.for('propolis').tapPromise(NAME, async () => {
      const { PropolisBackend } = await import('./propolis-backend.js');
      return new PropolisBackend(host);
    });
  },
};

export default plugin;
