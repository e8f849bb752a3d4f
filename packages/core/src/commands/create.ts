import { Flags } from '@oclif/core';
import { sharedFlags } from '../cli/base-command.js';
import { forwardFlag } from '../cli/forward-flag.js';
import { StreamingCommand } from '../cli/streaming-command.js';
import type { OperationResult } from '../operations/operation-result.js';

export default class Create extends StreamingCommand {
  static override summary = 'Make a VM without a VMFile.';
  static override description = `Fetches the image, makes a disk over it, and a cloud-init seed with a user who may log in: with the key of --ssh-key, or with a pair that is generated. The VM is then like any other: start, stop, ssh and destroy it by its name.

Values mean what they mean in a VMFile. The command does not wait for the guest to boot; \`vmctl wait\` does.`;
  static override examples = [
    {
      description: 'A VM to try something in',
      command:
        '<%= config.bin %> create --name try --image debian.qcow2 --start && <%= config.bin %> wait try && <%= config.bin %> ssh try',
    },
    {
      description: 'From the network, with more of everything',
      command:
        '<%= config.bin %> create --name big --image-url https://example.org/noble.img --vcpus 4 --memory 8GiB --disk 40 --forward 8080:80',
    },
  ];
  static override flags = {
    name: Flags.string({
      char: 'n',
      required: true,
      description: 'what the VM is called',
      helpValue: 'NAME',
    }),
    image: Flags.string({
      description: 'disk image of this machine; never written to',
      helpValue: 'PATH',
      exactlyOne: ['image', 'image-url'],
    }),
    'image-url': Flags.string({
      description: 'disk image to download into the cache',
      helpValue: 'URL',
      exactlyOne: ['image', 'image-url'],
    }),
    sha256: Flags.string({
      description: 'digest that the download must have',
      helpValue: 'DIGEST',
      dependsOn: ['image-url'],
    }),
    vcpus: Flags.integer({ description: 'processors; default: 1', helpValue: 'N' }),
    memory: Flags.string({ description: 'MiB, or with a unit: 2GiB; default: 1024', helpValue: 'SIZE' }),
    disk: Flags.string({
      description: 'GiB, or with a unit: 512M; default: as large as the image',
      helpValue: 'SIZE',
    }),
    bridge: Flags.string({
      description:
        'bridge of this machine to connect it to; default: user networking, or what the backend has instead',
      helpValue: 'NAME',
    }),
    'cloud-init': Flags.string({
      description: 'user-data file to use as it is; then no user and no key are added',
      helpValue: 'PATH',
    }),
    'ssh-key': Flags.string({
      description: 'public key that may log in; default: a pair is generated',
      helpValue: 'PATH',
      exclusive: ['cloud-init'],
    }),
    user: Flags.string({ char: 'u', description: 'user to log in as; default: vm', helpValue: 'USER' }),
    firmware: Flags.option({
      options: ['bios', 'uefi'] as const,
      description: 'default: bios, or what the backend has instead',
    })(),
    backend: sharedFlags.backend,
    forward: forwardFlag({ multiple: true, exclusive: ['bridge'] }),
    start: Flags.boolean({ description: 'start it as well' }),
    wait: sharedFlags.wait,
  };

  async run(): Promise<OperationResult> {
    const { flags } = await this.parse(Create);
    const { name, image, sha256, vcpus, memory, disk, bridge, user, firmware, start, wait } = flags;
    const vmctl = this.vmctl({ backend: flags.backend });
    return this.stream(vmctl, (signal) =>
      vmctl.create({
        ...{ name, image, sha256, vcpus, memory, disk, bridge, user, firmware, start, wait, signal },
        imageUrl: flags['image-url'],
        cloudInit: flags['cloud-init'],
        sshKey: flags['ssh-key'],
        forwards: flags.forward,
      }),
    );
  }
}
