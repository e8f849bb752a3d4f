import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { InstalledSshConfig } from '../operations/ssh-config-install.js';
import type { SshConfig } from '../operations/ssh-config.js';

export default class SshConfigCommand extends BaseCommand {
  static override summary = 'Show the SSH configuration of VMs, for ssh, scp, rsync, Ansible and editors.';
  static override description = `Prints a configuration for OpenSSH in which every VM is a host: NAME and vmctl-NAME, with its address, user, key and pinned host key.

With --install it is written to a file of the data directory, and ~/.ssh/config gets a line at its top that includes that file. There the hosts are called vmctl-NAME only, so that none of yours is hidden. Run it again when there are new VMs or a VM has got another port.`;
  static override examples = [
    { description: 'All VMs for all programs', command: '<%= config.bin %> ssh-config --install' },
    {
      description: 'For one program',
      command: '<%= config.bin %> ssh-config web >ssh.conf && rsync -e "ssh -F ssh.conf" -a site/ web:site/',
    },
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'VMs; default: all that have an address' }),
  };
  static override flags = {
    install: Flags.boolean({ description: 'have ~/.ssh/config include it' }),
  };

  async run(): Promise<SshConfig | InstalledSshConfig> {
    const { argv, flags } = await this.parse(SshConfigCommand);
    const vmctl = this.vmctl();
    this.handleInterrupts({ quietly: true });
    const options = { names: argv.map(String), signal: this.signal };
    if (!flags.install) {
      const config = await vmctl.sshConfig(options);
      this.#tellLeftOut(config);
      if (!this.jsonEnabled()) process.stdout.write(config.text);
      return config;
    }
    const config = await vmctl.installSshConfig(options);
    this.#tellLeftOut(config);
    const { file, userConfig, added } = config.installed;
    const aliases = config.hosts.flatMap((host) => host.aliases);
    this.log(`${file} has ${aliases.length === 0 ? 'no VM' : aliases.join(', ')}.`);
    this.log(added ? `${userConfig} includes it now.` : `${userConfig} includes it already.`);
    const [first] = aliases;
    if (first !== undefined) this.log(`Now: ssh ${first}`);
    return config;
  }

  #tellLeftOut({ leftOut }: SshConfig): void {
    for (const { vm, reason } of leftOut) this.logToStderr(`! ${vm} is left out: ${reason}.`);
  }
}
