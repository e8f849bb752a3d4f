import { describe, expect, it } from '@jest/globals';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import { errorOf, parse, problemsIn, problemsWith, stubProvisioners, vmWith } from '../../support/vmfile.js';

describe('provision', () => {
  it('is decoded by its type, in the order of the file', async () => {
    const { provision } = await vmWith(`cloud-init
      provision "shell" name="packages" run="once" {
        inline "true"
        env { DEBIAN_FRONTEND "noninteractive"; PORT 8080 }
      }
      provision "shell" { script "scripts/setup.sh"; args "--fast" 1.50 }
      provision "file" source="site/" destination="/srv/www"`);
    expect(provision).toEqual([
      {
        type: 'shell',
        name: 'packages',
        run: 'once',
        config: {
          inline: 'true',
          script: undefined,
          args: undefined,
          env: { DEBIAN_FRONTEND: 'noninteractive', PORT: '8080' },
        },
      },
      {
        type: 'shell',
        name: 'shell-2',
        run: 'always',
        config: {
          inline: undefined,
          script: '/project/scripts/setup.sh',
          args: ['--fast', '1.50'],
          env: undefined,
        },
      },
      {
        type: 'file',
        name: 'file-1',
        run: 'always',
        config: { source: '/project/site', destination: '/srv/www' },
      },
    ]);
  });

  it.each(['always', 'once', 'never', 'changed'])('may run %s', async (run) => {
    const { provision } = await vmWith(`ssh; provision shell inline=x run=${run}`);
    expect(provision).toMatchObject([{ run }]);
  });

  it.each([
    ['provision', ['4:1 provision lacks its type (Write provision "…")']],
    ['provision 5', ['4:11 the type must be text, not 5 (Put it in quotes: "5")']],
    [
      'provision shell inline=x run=twice',
      ['4:30 "run" must be "always", "once", "never" or "changed", not "twice"'],
    ],
    ['provision shell inline=x name=""', ['4:31 "name" must not be empty']],
    ['provision shell inline=x name="a\\nb"', ['4:31 "name" must be one line without control characters']],
    [
      `provision shell inline=x name="${'a'.repeat(101)}"`,
      ['4:31 "name" must have at most 100 characters, and has 101'],
    ],
    ['provision shell', ['4:1 a shell step has either "inline" or "script"']],
    ['provision file source=x', ['4:1 provision "file" needs "destination" (Add it: destination "…")']],
    [
      'provision shell inline=x nmae=x',
      ['4:26 unknown setting "nmae" in provision "shell" (Did you mean "name"?)'],
    ],
    ['provision shell fast inline=x', ['4:17 unexpected argument "fast" in provision "shell"']],
  ])('refuses "%s"', async (written, problems) => {
    expect(await problemsWith(`ssh\n${written}`)).toEqual(problems);
  });

  it('needs a way to log in', async () => {
    expect(await problemsWith('provision shell inline=x\nprovision shell inline=y')).toEqual([
      '3:1 vm "web" has steps, but neither a "cloud-init" nor an "ssh" block to log in with (Add cloud-init for an image that has it, or ssh { user "…"; private-key "…" })',
    ]);
  });

  it('has names that differ within the VM', async () => {
    expect(
      await problemsWith('ssh\nprovision shell name=a inline=x\nprovision shell name=a inline=x'),
    ).toEqual(['5:22 two steps of vm "web" are called "a"']);
  });

  it('has names that differ from the ones that steps get by themselves', async () => {
    expect(
      await problemsWith('ssh\nprovision shell name=shell-2 inline=x\nprovision shell inline=x'),
    ).toEqual(['5:1 two steps of vm "web" are called "shell-2" (Give this one a name of its own: name="…")']);
  });

  it('may have the names of another VM', async () => {
    const { vms } = await parse(
      'vm a image=x { ssh; provision shell name=n inline=x }\nvm b image=x { ssh; provision shell name=n inline=x }',
    );
    expect(vms.map(({ provision }) => provision[0]?.name)).toEqual(['n', 'n']);
  });
});

describe('a provisioner type', () => {
  it('that is misspelt is refused with the nearest one', async () => {
    expect(await problemsWith('ssh\nprovision "shel" { whatever 1 }')).toEqual([
      '4:11 there is no provisioner type "shel"; installed: shell, file (Did you mean "shell"? More types come with plugins: vmctl plugins install PACKAGE)',
    ]);
  });

  it('that nobody brings is refused with the way to install it', async () => {
    expect(await problemsWith('ssh\nprovision "ansible"')).toEqual([
      '4:11 there is no provisioner type "ansible"; installed: shell, file (Install the plugin that brings it: vmctl plugins install PACKAGE)',
    ]);
  });

  it('that everybody knows is refused with the package that brings it', async () => {
    const none = { find: () => Promise.resolve(undefined), installed: () => [] };
    expect(await problemsWith('ssh\nprovision "shell" inline=x', none)).toEqual([
      '4:11 there is no provisioner type "shell"; none is installed (Install the plugin that brings it: vmctl plugins install @vmctl/plugin-provisioners)',
    ]);
  });

  it('whose plugin cannot be loaded is a problem beside the others', async () => {
    const broken = new VmctlError('VMCTL_PLUGIN_LOAD_FAILED', {
      message: 'The plugin x cannot be loaded.',
      hint: 'Reinstall it.',
    });
    const lookup = { find: () => Promise.reject(broken), installed: () => ['x'] };
    const error = await errorOf(parse('vm a image=x { vcpus 0; ssh; provision x }', lookup));
    expect(error.problems).toMatchObject([
      { message: '"vcpus" must be from 1 to 4096, not 0' },
      {
        column: 40,
        message: 'the provisioner type "x" cannot be used: The plugin x cannot be loaded.',
        hint: 'Reinstall it.',
      },
    ]);
    expect(error.cause).toBe(broken);
  });

  it('whose plugin throws instead of recording problems is a problem as well', async () => {
    const lookup = stubProvisioners({
      x() {
        throw new TypeError('undefined is not a function');
      },
    });
    expect(await problemsWith('ssh\nprovision x { anything }', lookup)).toEqual([
      '4:11 the provisioner type "x" cannot be used: undefined is not a function',
    ]);
  });

  it('is looked up for a name of Object.prototype like for any other', async () => {
    expect(await problemsIn('vm a image=x { ssh; provision "constructor" }')).toEqual([
      '1:31 there is no provisioner type "constructor"; installed: shell, file (Install the plugin that brings it: vmctl plugins install PACKAGE)',
    ]);
  });
});
