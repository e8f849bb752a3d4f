import type { VmctlPlugin } from '@vmctl/core/plugin';

const NAME = '@vmctl/plugin-qemu';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.hypervisor.for('qemu').tapPromise(NAME, async () => {
      const [{ QemuBackend }, { declareSettings }] = await Promise.all([
        import('./qemu-backend.js'),
        import('./settings.js'),
      ]);
      declareSettings(host);
      return new QemuBackend(host);
    });
  },
};

export default plugin;
