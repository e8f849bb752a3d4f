import { sharedFlags } from '../cli/base-command.js';
import { BaseCommand } from '../cli/base-command.js';
import type { VmFile } from '../vmfile/model.js';

export default class Validate extends BaseCommand {
  static override summary = 'Check a VMFile.';
  static override description = `Reads the VMFile and reports every problem with its place. Nothing is downloaded or started. Exits with 2 when there is a problem.`;
  static override examples = [
    { description: 'The VMFile of this directory', command: '<%= config.bin %> validate' },
    { description: 'Another file', command: '<%= config.bin %> validate --file test/VMFile.kdl' },
  ];
  static override exitStatuses = [['2', 'the file has problems, or cannot be read']] as const;
  static override flags = { file: sharedFlags.file };

  async run(): Promise<VmFile> {
    const { flags } = await this.parse(Validate);
    const file = await this.vmctl().validate({ file: flags.file });
    const { length } = file.vms;
    if (!this.jsonEnabled()) {
      this.log(
        `${file.path} is valid: ${length} ${length === 1 ? 'VM' : 'VMs'} (${file.vms.map(({ name }) => name).join(', ')}).`,
      );
    }
    return file;
  }
}
