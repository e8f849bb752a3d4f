import type { VmctlPlugin } from '@vmctl/core/plugin';
import { collectFacts } from './facts.js';
import { node } from './node.js';

const NAME = 'template-package';

/**
 * What vmctl loads when a VM has the node `template-word`, and not before. The manifest in package.json ("vmctl") says
 * so: `"vmNodes"` names the node, and `"up": "vmNodes"` ties the taps to it. With `"up": true` the plugin would be loaded
 * for every `vmctl up`.
 *
 * Import types only from `@vmctl/core/plugin`: at run time everything comes from `host` and from the contexts.
 */
const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    host.hooks.vmNode.for(node.name).tapPromise(NAME, async () => node);
    // vmctl's own work in each stage of `up` is at stage 0: this comes after it, when the guest can be worked with.
    // Each hook is called once for every VM, also for those without the node.
    host.hooks.up.ready.tapPromise({ name: NAME, stage: 10 }, (ctx) => collectFacts(ctx, host));
  },
};

export default plugin;
