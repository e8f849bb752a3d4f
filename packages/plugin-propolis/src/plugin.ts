import type { VmctlPlugin } from '@vmctl/core/plugin';

const NAME = '@vmctl/plugin-propolis';

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply() {},
};

export default plugin;
