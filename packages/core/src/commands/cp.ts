import { Args, Flags } from '@oclif/core';
import { BaseCommand, sharedFlags } from '../cli/base-command.js';
import { Waiting } from '../cli/waiting.js';
import { VmctlError } from '../errors/vmctl-error.js';
import type { CopyResult } from '../operations/copy.js';
import { formatBytes } from '../ui/units.js';

export default class Cp extends BaseCommand {
  static override summary = 'Copy files and directories to a VM, or from it.';
  static override description = `A path in a VM is written as NAME:PATH; it starts at the login user's home directory unless it begins with a slash. As with \`cp -r\`, a source goes into a directory that is there, and otherwise gets the name of the destination; DIR/. is the content of a directory. Modes and symbolic links are kept. Where the login user may not read or write, sudo is used if it needs no password.

When the copy of a big file (from 4 MiB on) is interrupted, the same command goes on where it stopped.`;
  static override usage = '<%= command.id %> SOURCE... DESTINATION [FLAGS]';
  static override examples = [
    { description: 'A directory to a VM', command: '<%= config.bin %> cp site web:/srv/' },
    { description: 'A file from a VM', command: '<%= config.bin %> cp web:/var/log/syslog .' },
    { description: 'The content of a directory', command: '<%= config.bin %> cp site/. web:/srv/www' },
  ];
  static override strict = false;
  static override args = {
    source: Args.string({ description: 'what to copy; several are fine' }),
    destination: Args.string({ description: 'where to' }),
  };
  static override flags = {
    user: sharedFlags.user,
    key: sharedFlags.key,
    sudo: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'use sudo in the guest where the login user may not; --no-sudo fails instead',
    }),
  };

  async run(): Promise<CopyResult> {
    const { argv, flags } = await this.parse(Cp);
    const paths = argv.map(String);
    const destination = paths.at(-1);
    if (destination === undefined || paths.length < 2) {
      throw new VmctlError('VMCTL_USAGE', {
        message: 'A copy needs a source and a destination.',
        hint: 'Name both: vmctl cp FILE web:/tmp/',
      });
    }
    this.handleInterrupts({ quietly: true });
    const vmctl = this.vmctl();
    using waiting = new Waiting('connecting to the guest', { json: this.jsonEnabled() });
    const result = await vmctl
      .copy({
        sources: paths.slice(0, -1),
        destination,
        user: flags.user,
        key: flags.key,
        sudo: flags.sudo,
        onProgress: ({ source, bytes, totalBytes, resumedBytes }) =>
          waiting.transfer({
            ...{ task: 'copy', subject: source, done: bytes, total: totalBytes, resumed: resumedBytes },
          }),
        signal: this.signal,
      })
      .finally(() => {
        waiting.end();
        if (this.signal.aborted) {
          this.logToStderr('What has arrived of a big file is kept: the same command goes on there.');
        }
      });
    for (const { source, target, bytes, resumedBytes } of result.copied) {
      const rest = resumedBytes > 0 ? `, of which ${formatBytes(resumedBytes)} were there` : '';
      this.logToStderr(`${source} -> ${target}  ${formatBytes(bytes)}${rest}`);
    }
    return result;
  }
}
