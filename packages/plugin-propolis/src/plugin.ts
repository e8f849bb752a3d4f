import type { VmctlPlugin } from '@vmctl/core/plugin';

const NAME = '@vmctl/plugin-propolis';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.hypervisor.for('propolis').tapPromise(NAME, async () => {
      const [{ PropolisBackend }, { declareSettings }] = await Promise.all([
        import('./propolis-backend.js'),
        import('./settings.js'),
      ]);
      declareSettings(host);
      return new PropolisBackend(host);
    });
  },
};

export default plugin;
