import type { VmctlPlugin } from '@vmctl/core/plugin';
import { hostsFileNode, type HostsFileConfig } from './hosts-file-node.js';
import { writeHostsFile } from './write-hosts-file.js';

const NAME = 'vmctl-plugin-hosts-file';

/** After core's own tap, which is at stage 0: then there is a guest to work with. */
const AFTER_READY = 100;

const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply({ hooks, error }) {
    hooks.vmNode.for('hosts-file').tap(NAME, () => hostsFileNode);

    hooks.up.ready.tapPromise({ name: NAME, stage: AFTER_READY }, async (ctx) => {
      // What hostsFileNode.decode returned; without a hosts-file in this VM there is no entry.
      const config = ctx.definition.extensions['hosts-file'] as HostsFileConfig | undefined;
      if (config === undefined) return;
      if (ctx.guest === undefined) {
        throw error('HOSTS_FILE_NO_LOGIN', {
          message: `${ctx.definition.name} has a hosts-file, but vmctl cannot log in to write it.`,
          hint: 'Give the VM cloud-init, or ssh { user "…"; private-key "…" }.',
        });
      }
      const outcome = await writeHostsFile({ guest: ctx.guest, config, signal: ctx.signal, error });
      ctx.detail = [ctx.detail, `${config.path} ${outcome}`].filter(Boolean).join(', ');
    });
  },
};

export default plugin;
