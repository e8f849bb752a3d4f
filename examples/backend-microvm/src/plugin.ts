import type { VmctlPlugin } from '@vmctl/core/plugin';
import { MicrovmBackend } from './microvm-backend.js';

const NAME = 'vmctl-backend-microvm';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.hypervisor.for('microvm').tapPromise(NAME, async () => new MicrovmBackend(host));
  },
};

export default plugin;
