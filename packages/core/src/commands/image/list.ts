import { BaseCommand } from '../../cli/base-command.js';
import type { ImageListing } from '../../operations/image-listing.js';
import { imageTable, imageTotal } from '../../ui/image-text.js';

export default class ImageList extends BaseCommand {
  static override summary = 'List the images of the cache.';
  static override description = `Shows each image that vmctl has fetched: what it takes on the disk, how large a guest sees it, how old it is, where it comes from, and the VMs whose disks stand on it, running or not.`;
  static override hiddenAliases = ['image ls'];
  static override examples = [
    { description: 'A table', command: '<%= config.bin %> image list' },
    { description: 'For scripts', command: '<%= config.bin %> image list --json' },
  ];

  async run(): Promise<{ images: readonly ImageListing[] }> {
    await this.parse(ImageList);
    const images = await this.vmctl().listImages();
    if (!this.jsonEnabled()) {
      if (images.length === 0) this.log('No images. `vmctl image pull URL` and `vmctl up` fetch them.');
      else {
        for (const line of imageTable(images)) this.log(line);
        this.logToStderr(imageTotal(images));
      }
    }
    return { images };
  }
}
