import { BaseCommand } from '../cli/base-command.js';
import { EXIT } from '../errors/registry.js';
import type { DoctorReport } from '../operations/doctor.js';
import { doctorLines } from '../ui/doctor-text.js';
import { styleFor } from '../ui/style.js';

export default class Doctor extends BaseCommand {
  static override summary = 'Check this machine, the plugins and the state of vmctl.';
  static override description = `Every finding comes with the command that mends it. Exits with 3 when something is broken.`;
  static override examples = [{ description: 'Look at everything', command: '<%= config.bin %> doctor' }];

  async run(): Promise<DoctorReport> {
    await this.parse(Doctor);
    const report = await this.vmctl().doctor({ signal: this.signal });
    if (!this.jsonEnabled()) {
      for (const line of doctorLines(report, styleFor(process.stdout))) this.log(line);
    }
    if (!report.ok) this.endWith(EXIT.host);
    return report;
  }
}
