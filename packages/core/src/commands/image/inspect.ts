import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.js';
import { missingArgument } from '../../cli/missing-argument.js';
import type { ImageListing } from '../../operations/image-listing.js';
import { imageText } from '../../ui/image-text.js';
import { styleFor } from '../../ui/style.js';

export default class ImageInspect extends BaseCommand {
  static override summary = 'Show all that is known of images.';
  static override description = `Shows origin, digest, format, sizes, age, the file, and who uses it. An image is named by its URL, its name, its path, or the beginning of its digest.`;
  static override usage = '<%= command.id %> IMAGE... [FLAGS]';
  static override examples = [
    { description: 'By name', command: '<%= config.bin %> image inspect debian-12.qcow2' },
    { description: 'By digest, for scripts', command: '<%= config.bin %> image inspect 4f3c --json' },
  ];
  static override strict = false;
  static override args = { image: Args.string({ description: 'images to show' }) };

  async run(): Promise<{ images: readonly ImageListing[] }> {
    const { argv } = await this.parse(ImageInspect);
    if (argv.length === 0) throw missingArgument('Which image?', 'See which there are: vmctl image list');
    const images = await this.vmctl().inspectImages({ images: argv.map(String) });
    if (!this.jsonEnabled()) {
      this.log(images.map((image) => imageText(image, styleFor(process.stdout))).join('\n\n'));
    }
    return { images };
  }
}
