import { Flags } from '@oclif/core';
import { ageFlag } from '../../cli/age-flag.js';
import { BaseCommand } from '../../cli/base-command.js';
import type { PruneImagesResult } from '../../operations/image-remove.js';
import { countImages } from '../../ui/image-text.js';
import { oneLine } from '../../ui/terminal-text.js';
import { formatBytes } from '../../ui/units.js';

export default class ImagePrune extends BaseCommand {
  static override summary = 'Remove the images that no VM needs.';
  static override description = `Removes every image of the cache that the disk of no VM stands on, running or stopped, and what interrupted downloads have left. Images that somebody is fetching are left alone. \`vmctl up\` fetches again what it misses.`;
  static override examples = [
    { description: 'What would be removed', command: '<%= config.bin %> image prune --dry-run' },
    {
      description: 'Only what was fetched long ago',
      command: '<%= config.bin %> image prune --older-than 30d',
    },
  ];
  static override flags = {
    'older-than': ageFlag({ description: 'leave images that were fetched later than that: 30d, 12h, 2w' }),
    'dry-run': Flags.boolean({ description: 'only say what would be removed' }),
  };

  async run(): Promise<PruneImagesResult> {
    const { flags } = await this.parse(ImagePrune);
    this.handleInterrupts();
    const result = await this.vmctl().pruneImages({
      olderThanMs: flags['older-than'],
      dryRun: flags['dry-run'],
      signal: this.signal,
    });
    if (!this.jsonEnabled()) this.#show(result);
    return result;
  }

  #show({ removed, kept, leftovers, freedBytes, dryRun }: PruneImagesResult): void {
    const verb = dryRun ? 'Would remove' : 'Removed';
    for (const { name, url, diskUsage } of removed) {
      this.log(`${verb} ${oneLine(name)} (${formatBytes(diskUsage)}), from ${oneLine(url)}`);
    }
    for (const file of leftovers) this.log(`Removed what an interrupted command left: ${oneLine(file)}`);
    const busy = kept.filter(({ reason }) => reason === 'busy');
    for (const { image } of busy) this.logToStderr(`Left alone, because it is being fetched: ${image.url}`);
    if (removed.length === 0 && leftovers.length === 0) this.log('There is nothing to remove.');
    else if (removed.length > 0) {
      const freed = `${countImages(removed.length)}, ${formatBytes(freedBytes)}`;
      this.logToStderr(dryRun ? `${freed} would be freed.` : `${freed} freed.`);
    }
  }
}
