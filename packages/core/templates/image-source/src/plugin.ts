import { join } from 'node:path';
import type { VmctlPlugin } from '@vmctl/core/plugin';
import { DirectorySource } from './source.js';

const NAME = 'template-package';

/**
 * What vmctl loads when a VMFile has an `image-url` with the scheme `template-word`, and not before. The manifest in
 * package.json ("vmctl") says that this plugin brings it.
 *
 * Import types only from `@vmctl/core/plugin`: at run time everything comes from `host` and from the contexts.
 */
const plugin: VmctlPlugin = {
  name: NAME,
  apiVersion: 1,
  apply(host) {
    const directory = host.env['TEMPLATE_WORD_DIRECTORY'] ?? join(host.paths.homeDir, 'images');
    host.hooks.imageSource
      .for('template-word')
      .tapPromise(NAME, async () => new DirectorySource(directory, host.error));
  },
};

export default plugin;
