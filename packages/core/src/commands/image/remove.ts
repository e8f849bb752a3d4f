import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.js';
import { missingArgument } from '../../cli/missing-argument.js';
import { EXIT } from '../../errors/registry.js';
import type { RemoveImagesResult } from '../../operations/image-remove.js';
import { errorText } from '../../ui/error-text.js';
import { styleFor } from '../../ui/style.js';
import { oneLine } from '../../ui/terminal-text.js';
import { formatBytes } from '../../ui/units.js';

export default class ImageRemove extends BaseCommand {
  static override summary = 'Remove images from the cache.';
  static override description = `An image that the disk of a VM stands on is never removed, also when the VM is stopped. An image is named by its URL, its name, its path, or the beginning of its digest.`;
  static override hiddenAliases = ['image rm'];
  static override usage = '<%= command.id %> IMAGE... [FLAGS]';
  static override examples = [
    { description: 'By name', command: '<%= config.bin %> image remove debian-12.qcow2' },
    { description: 'By digest', command: '<%= config.bin %> image remove 4f3c91 0b7e02' },
  ];
  static override strict = false;
  static override args = { image: Args.string({ description: 'images to remove' }) };
  static override flags = {
    wait: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'wait for whoever is fetching the image; --no-wait fails instead',
    }),
  };

  async run(): Promise<RemoveImagesResult> {
    const { argv, flags } = await this.parse(ImageRemove);
    if (argv.length === 0) throw missingArgument('Which image?', 'Those that no VM needs: vmctl image prune');
    this.handleInterrupts();
    const result = await this.vmctl().removeImages({
      images: argv.map(String),
      wait: flags.wait,
      signal: this.signal,
    });
    if (!this.jsonEnabled()) {
      for (const { name, diskUsage } of result.removed) {
        this.log(`Removed ${oneLine(name)} (${formatBytes(diskUsage)}).`);
      }
      for (const { error } of result.kept) this.logToStderr(errorText(error, styleFor(process.stderr)));
    }
    if (result.kept.length > 0) this.endWith(EXIT.failure);
    return result;
  }
}
