import { Flags } from '@oclif/core';
import { relative } from 'node:path';
import { BaseCommand } from '../cli/base-command.js';
import { shellWord } from '../errors/shell-word.js';
import type { CreatedVmFile } from '../operations/init.js';

export default class Init extends BaseCommand {
  static override summary = 'Write a VMFile to begin with.';
  static override description = `It has one VM that works as it is, and as comments what is likely to be wanted next. Nothing is asked, downloaded or started. A file that is there already is left alone, unless --force is given.`;
  static override examples = [
    { description: 'A VM with Debian, named after this directory', command: '<%= config.bin %> init' },
    {
      description: 'With an image of yours, and more memory',
      command: '<%= config.bin %> init --name db --image images/db.qcow2 --memory 4GiB',
    },
    {
      description: 'A second file',
      command: '<%= config.bin %> init --file lab.kdl --image-url https://example.org/noble.img',
    },
  ];
  static override flags = {
    file: Flags.string({
      char: 'f',
      description: 'where to write it; default: VMFile.kdl in this directory',
      helpValue: 'PATH',
    }),
    name: Flags.string({
      char: 'n',
      description: 'what the VM is called; default: as the directory',
      helpValue: 'NAME',
    }),
    image: Flags.string({
      description: 'disk image of this machine; never written to',
      helpValue: 'PATH',
      exclusive: ['image-url'],
    }),
    'image-url': Flags.string({
      description: 'disk image to download into the cache; default: Debian 12',
      helpValue: 'URL',
    }),
    sha256: Flags.string({
      description: 'digest that the download must have',
      helpValue: 'DIGEST',
    }),
    vcpus: Flags.integer({ description: 'processors; default: 2', helpValue: 'N' }),
    memory: Flags.string({ description: 'MiB, or with a unit: 2GiB; default: 2048', helpValue: 'SIZE' }),
    disk: Flags.string({
      description: 'GiB, or with a unit: 512M; default: 20, or as large as your image',
      helpValue: 'SIZE',
    }),
    backend: Flags.string({ description: 'backend; default: the platform decides', helpValue: 'NAME' }),
    force: Flags.boolean({ description: 'replace a file that is there already' }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<CreatedVmFile> {
    const { flags } = await this.parse(Init);
    const { file, name, image, sha256, vcpus, memory, disk, backend, force } = flags;
    const created = await this.vmctl().init({
      ...{ file, name, image, sha256, vcpus, memory, disk, backend, force },
      imageUrl: flags['image-url'],
    });
    if (!this.jsonEnabled()) {
      const option = file === undefined ? '' : ` --file ${shellWord(file)}`;
      this.log(`Wrote ${relative(process.cwd(), created.path)} with the VM "${created.vm}". Next:\n`);
      this.log(`  ${this.config.bin} up${option}`);
      this.log(`  ${this.config.bin} ssh ${created.vm}`);
    }
    return created;
  }
}
