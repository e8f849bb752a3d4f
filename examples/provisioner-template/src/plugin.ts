import type { VmctlPlugin } from '@vmctl/core/plugin';
import { template } from './template.js';

const NAME = 'vmctl-provisioner-template';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.provisioner.for('template').tapPromise(NAME, async () => template);
  },
};

export default plugin;
