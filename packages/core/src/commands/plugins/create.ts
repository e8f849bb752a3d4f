import { Args, Flags } from '@oclif/core';
import { relative } from 'node:path';
import { BaseCommand } from '../../cli/base-command.js';
import { VmctlError } from '../../errors/vmctl-error.js';
import { shellWord } from '../../errors/shell-word.js';
import { type CreatedPlugin, createPlugin } from '../../operations/create-plugin.js';
import { KIND_WORDING, PLUGIN_KINDS } from '../../operations/plugin-project/plugin-kind.js';

export default class PluginsCreate extends BaseCommand {
  static override summary = 'Make the project of a new plugin.';
  static override description = `The project builds, passes its tests and can be linked as it is. It is TypeScript, with the conformance kit where there is one for its kind, and a workflow for CI. Nothing is installed.

The word under which VMFiles know the plugin (provision "nix", backend "nix", nix:///…, vm { nix … }) is the package's name without its scope, "vmctl-", "plugin-" and the kind.`;
  static override examples = [
    {
      description: 'A provisioner, provision "nix"',
      command: '<%= config.bin %> plugins create @acme/vmctl-provisioner-nix --kind provisioner',
    },
    {
      description: 'A backend, backend "cloud", in a directory of your choice',
      command: '<%= config.bin %> plugins create acme --kind backend --type cloud --directory backend',
    },
  ];
  static override args = {
    name: Args.string({ required: true, description: "the package's name, with or without a scope" }),
  };
  static override flags = {
    kind: Flags.option({ options: PLUGIN_KINDS, description: 'what the plugin brings' })(),
    directory: Flags.string({
      char: 'd',
      description: 'where to make the project; default: the name without its scope, here',
      helpValue: 'DIR',
    }),
    type: Flags.string({
      description: 'provisioner type, backend name, URL scheme or VM node; default: from the name',
      helpValue: 'WORD',
    }),
  };

  /** It needs none, and works where there is a wrong one. */
  protected override readConfiguration(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async run(): Promise<CreatedPlugin> {
    const { args, flags } = await this.parse(PluginsCreate);
    const { kind, directory, type } = flags;
    if (kind === undefined) throw kindMissing(args.name);
    const cwd = process.cwd();
    const created = await createPlugin({ name: args.name, kind, directory, type, cwd });
    if (!this.jsonEnabled()) {
      const place = relative(cwd, created.directory) || '.';
      this.log(`Created ${created.name}, ${KIND_WORDING[kind].noun}: ${created.usage}`);
      this.log(`It is in ${place === '.' ? 'this directory' : place}. Next:\n`);
      this.log(`  ${place === '.' ? '' : `cd ${shellWord(place)} && `}npm install`);
      this.log('  npm test');
      this.log(`  ${this.config.bin} plugins link .`);
    }
    return created;
  }
}

function kindMissing(name: string): VmctlError {
  return new VmctlError('VMCTL_USAGE', {
    message: `What shall ${name} bring? Say it with --kind: ${PLUGIN_KINDS.join(', ')}.`,
    hint: `vmctl plugins create ${name} --kind provisioner`,
  });
}
