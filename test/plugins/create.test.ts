import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSshd, type Sshd } from '../../packages/core/test/support/sshd.js';
import { installVmctl } from '../support/installed-vmctl.js';
import { tinyDisk } from '../support/noop-project.js';
import { type Registry, startRegistry } from '../support/registry.js';
import type { VmctlHome } from '../support/vmctl-home.js';

const MINUTE = 60_000;

let registry: Registry;
let home: VmctlHome;
let sshd: Sshd;

beforeAll(async () => {
  registry = await startRegistry();
  await registry.publishWorkspace();
  home = await installVmctl(registry);
  sshd = await startSshd();
  await home.write(tinyDisk(), 'images/disk.img');
}, 5 * MINUTE);

afterAll(async () => {
  await home?.remove();
  await sshd?.stop();
  await registry?.stop();
});

/**
 * Does what the author of a plugin does, with the commands that `create` prints, and what its user does: from
 * `vmctl plugins create` to the installed package.
 */
async function createTestAndInstall(...args: readonly string[]): Promise<void> {
  const created = (await home.json('plugins', 'create', ...args)) as { name: string; directory: string };
  const { name, directory } = created;
  // What `npm install -g` has looked up in the same registry a moment ago is not looked up again.
  await registry.npm(['install', '--prefer-offline', '--no-audit', '--no-fund'], directory);
  const tested = await registry.npm(['test'], directory);
  expect(tested).toMatch(/^ℹ pass [1-9]/m);
  expect(tested).toMatch(/^ℹ fail 0$/m);
  const [packed] = JSON.parse(await registry.npm(['pack', '--json'], directory));
  const installed = await home.vmctl('plugins', 'install', join(directory, packed.filename));
  expect(installed).toMatchObject({ code: 0 });
  expect(installed.stdout).toContain(name);
  const example = join(directory, 'example/VMFile.kdl');
  expect(await home.vmctl('validate', '--file', example)).toMatchObject({ code: 0 });
}

/** Runs `vmctl up` on a VMFile with that VM, whose guest is a real sshd. */
async function up(vm: string, env: Readonly<Record<string, string>> = {}) {
  await home.write(vm);
  return home.start(['up'], { env: { VMCTL_NOOP_SSH: `127.0.0.1:${sshd.port}`, ...env } }).done;
}

const noop = (body: string, image = 'image "images/disk.img"'): string =>
  `vm "web" { ${image}; backend "noop"
    ssh { user "${sshd.user}"; private-key "${sshd.identityPath}"; timeout 20 }
    ${body}
  }`;

describe('vmctl plugins create', () => {
  it('says what it made, and the three commands that come next', async () => {
    const { stdout, code } = await home.vmctl('plugins', 'create', '@acme/nix', '--kind', 'provisioner');
    expect(code).toBe(0);
    expect(stdout).toBe(
      'Created @acme/nix, a provisioner: provision "nix" { … }\n' +
        'It is in nix. Next:\n\n  cd nix && npm install\n  npm test\n  vmctl plugins link .\n',
    );
  });

  it('lists the kinds when none is given', async () => {
    const { stderr, code } = await home.vmctl('plugins', 'create', '@acme/nix');
    expect(code).toBe(2);
    expect(stderr).toContain('--kind: provisioner, backend, image-source, pipeline');
  });

  it('refuses a name in one JSON document', async () => {
    const result = await home.json('plugins', 'create', 'Nix', '--kind', 'backend');
    expect(result).toMatchObject({ error: { code: 'VMCTL_PLUGIN_NAME_INVALID' } });
  });

  it(
    'makes a provisioner that works, step after step',
    async () => {
      await createTestAndInstall('@acme/vmctl-provisioner-lines', '--kind', 'provisioner');
      const file = join(sshd.directory, 'motd');
      const vm = noop(`provision "lines" { path "${file}"; line "it's one" "two" }`);
      const first = await up(vm);
      expect(first).toMatchObject({ code: 0 });
      expect(first.stdout).toContain("added: it's one");
      expect(await readFile(file, 'utf8')).toBe("it's one\ntwo\n");
      await home.vmctl('down');
      expect((await up(vm)).stdout).toContain("there: it's one");
      expect(await readFile(file, 'utf8')).toBe("it's one\ntwo\n");
      await home.vmctl('destroy', 'web', '--yes');
    },
    3 * MINUTE,
  );

  it(
    'makes a backend that works, in a directory of the user’s choice',
    async () => {
      const place = ['--type', 'cloud', '--directory', 'work/backend'];
      await createTestAndInstall('acme-hypervisor', '--kind', 'backend', ...place);
      expect(await up('vm "web" { image "images/disk.img"; backend "cloud"; network "none" }')).toMatchObject(
        {
          code: 0,
        },
      );
      expect(await home.json('list')).toMatchObject({ vms: [{ state: 'running', backend: 'cloud' }] });
      await home.vmctl('down');
      expect(await home.json('list')).toMatchObject({ vms: [{ state: 'stopped' }] });
      await home.vmctl('destroy', 'web', '--yes');
    },
    3 * MINUTE,
  );

  it(
    'makes an image source that works',
    async () => {
      await createTestAndInstall('vmctl-image-source-shelf', '--kind', 'image-source');
      const images = { SHELF_DIRECTORY: join(home.project, 'images') };
      expect(await up(noop('', 'image-url "shelf:///disk.img"'), images)).toMatchObject({ code: 0 });
      await home.vmctl('destroy', 'web', '--yes');
      const { stdout } = await up(noop('', 'image-url "shelf:///no.img"'), images);
      expect(stdout).toContain('There is no image shelf:///no.img');
    },
    3 * MINUTE,
  );

  it(
    'makes a pipeline plugin that works',
    async () => {
      await createTestAndInstall('@acme/facts', '--kind', 'pipeline');
      expect(await up(noop('facts "out/web.json"'))).toMatchObject({ code: 0 });
      const facts = JSON.parse(await readFile(join(home.project, 'out/web.json'), 'utf8'));
      expect(facts).toMatchObject({ name: 'web', user: sshd.user, kernel: expect.stringMatching(/^Linux /) });
      const wrong = await up(noop('facts "out/"'));
      expect(wrong).toMatchObject({ code: 2 });
      expect(wrong.stderr).toContain('VMFile.kdl:3:');
    },
    3 * MINUTE,
  );
});
