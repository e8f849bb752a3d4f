import type { VmctlPlugin } from '@vmctl/core/plugin';
import { file } from './file.js';
import { shell } from './shell.js';

const NAME = '@vmctl/plugin-provisioners';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.provisioner.for('shell').tapPromise(NAME, async () => shell);
    host.hooks.provisioner.for('file').tapPromise(NAME, async () => file);
  },
};

export default plugin;
