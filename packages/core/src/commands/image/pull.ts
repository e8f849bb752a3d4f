import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.js';
import { missingArgument } from '../../cli/missing-argument.js';
import { Waiting } from '../../cli/waiting.js';
import { EXIT } from '../../errors/registry.js';
import type { PulledImage } from '../../operations/images.js';
import { errorText } from '../../ui/error-text.js';
import { pulledText } from '../../ui/image-text.js';
import { styleFor } from '../../ui/style.js';

export default class ImagePull extends BaseCommand {
  static override summary = 'Fetch images into the cache.';
  static override description = `Takes the URLs that \`image-url\` of a VMFile takes. An image that is in the cache already is left as it is. With --refresh it is fetched again; VMs that exist keep the image that their disks stand on, and new ones get the newer one.`;
  static override usage = '<%= command.id %> URL... [FLAGS]';
  static override examples = [
    {
      description: 'From a web server',
      command: '<%= config.bin %> image pull https://example.org/debian-12.qcow2',
    },
    {
      description: 'From a container registry',
      command: '<%= config.bin %> image pull oci://quay.io/containerdisks/fedora:42',
    },
    {
      description: 'The newest one under the same URL',
      command: '<%= config.bin %> image pull --refresh oci://quay.io/containerdisks/fedora:42',
    },
  ];
  static override strict = false;
  static override args = { url: Args.string({ description: 'images to fetch' }) };
  static override flags = {
    refresh: Flags.boolean({
      description: 'fetch again what is in the cache: its source may have a newer image under the same URL',
    }),
    sha256: Flags.string({ description: 'digest that the download must have', helpValue: 'DIGEST' }),
  };

  async run(): Promise<{ images: readonly PulledImage[] }> {
    const { argv, flags } = await this.parse(ImagePull);
    if (argv.length === 0)
      throw missingArgument('Which image?', 'Give a URL: vmctl image pull https://example.org/disk.qcow2');
    this.handleInterrupts();
    const vmctl = this.vmctl();
    using waiting = new Waiting('connecting to where the image is', { json: this.jsonEnabled() });
    const unsubscribe = vmctl.subscribe((event) => {
      if (event.type === 'progress' && event.vm === undefined) waiting.transfer(event);
    });
    const images = await vmctl
      .pullImages({
        urls: argv.map(String),
        sha256: flags.sha256,
        refresh: flags.refresh,
        signal: this.signal,
      })
      .finally(() => {
        unsubscribe();
        waiting.end();
      });
    const failed = images.filter((image) => image.outcome === 'failed');
    if (!this.jsonEnabled()) {
      for (const image of images) {
        const text = pulledText(image);
        if (text !== undefined) this.log(text);
      }
      for (const { error } of failed) this.logToStderr(errorText(error, styleFor(process.stderr)));
    }
    if (failed.length > 0) this.endWith(EXIT.failure);
    return { images };
  }
}
