import type { VmctlPlugin } from '@vmctl/core/plugin';
import { createAnsible } from './ansible.js';

const NAME = 'vmctl-provisioner-ansible';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.provisioner.for('ansible').tapPromise(NAME, async () => createAnsible(host));
  },
};

export default plugin;
