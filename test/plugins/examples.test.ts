import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExampleProject, npmSettings } from '../support/example-project.js';
import { NoopProject } from '../support/noop-project.js';
import type { CommandResult } from '../support/vmctl-home.js';

const LIMIT = 300_000;

/** An example, and how somebody tries it. */
interface Trial {
  /** Below `examples/`. */
  readonly folder: string;
  /** What `vmctl plugins install` says that it brings. */
  readonly brings: string;
  /** Files of the project, by path. */
  readonly files: (project: NoopProject) => Readonly<Record<string, string>>;
  /** A VMFile that uses it. */
  readonly vmFile: (project: NoopProject) => string;
  /** What `vmctl up` shows. */
  readonly shows: readonly RegExp[];
}

const trials: readonly Trial[] = [
  {
    folder: 'provisioner-ansible',
    brings: 'provisioner ansible',
    files: () => ({
      'site.yml': '- hosts: all\n  gather_facts: false\n  tasks:\n    - raw: echo from the guest\n',
    }),
    vmFile: (project) => project.vm('web', 'provision "ansible" playbook="site.yml"'),
    shows: [/PLAY RECAP/, /web +: ok=1 +changed=1 /],
  },
  {
    folder: 'provisioner-template',
    brings: 'provisioner template',
    files: () => ({
      'hosts.hbs': '{{column values.name 8}}{{vm.name}}\n',
      'values.json': '{ "name": "東京" }',
    }),
    vmFile: (project) => {
      const hosts = join(project.home.root, 'etc/hosts');
      return project.vm(
        'web',
        `provision "template" source="hosts.hbs" destination="${hosts}" values-file="values.json"`,
      );
    },
    shows: [/etc\/hosts written/],
  },
  {
    folder: 'backend-microvm',
    brings: 'backend microvm',
    files: () => ({}),
    vmFile: () => 'vm "web" { image "disk.img"; backend "microvm"; memory 64 }',
    shows: [/web +start +qemu microvm/, /✓ web is up/],
  },
  {
    folder: 'plugin-hosts-file',
    brings: 'VMFile node hosts-file; stages of up',
    files: () => ({ hosts: '127.0.0.1 localhost\n' }),
    vmFile: (project) => {
      const path = join(project.home.project, 'hosts');
      return project.vm('web', `hosts-file path="${path}" { host "10.0.2.2" "db" }`);
    },
    shows: [/hosts written/],
  },
];

describe.each(trials)('the example $folder', ({ folder, brings, files, vmFile, shows }) => {
  let example: ExampleProject;
  let project: NoopProject;
  let tarball: string;

  beforeAll(async () => {
    example = await ExampleProject.create(folder);
    project = await NoopProject.create({ plugins: 'none' });
  }, LIMIT);
  afterAll(async () => {
    await project?.remove();
    await example?.remove();
  }, LIMIT);

  it('builds, and passes its own tests', () => example.npm('test'), LIMIT);

  it(
    'has in its package what it needs at run time, and no sources',
    async () => {
      tarball = await example.pack();
      const packed = await example.filesOf(tarball);
      expect(packed).toEqual(
        expect.arrayContaining([
          'package.json',
          'README.md',
          'LICENSE',
          'dist/plugin.js',
          'dist/plugin.d.ts',
        ]),
      );
      expect(
        packed.filter((path) => !/^(package\.json|README\.md|LICENSE|dist\/.*\.(js|d\.ts))$/.test(path)),
      ).toEqual([]);
    },
    LIMIT,
  );

  it(
    'is installed from its tarball into an empty home, without a second core',
    async () => {
      const { home } = project;
      const installed = await home.start(['plugins', 'install', tarball], { env: npmSettings() }).done;
      expect(installed).toMatchObject({ code: 0 });
      expect(installed.stdout).toContain(`${example.name} 1.0.0: ${brings}\n`);
      const data = await readdir(join(home.dataDir, 'plugins'), { recursive: true });
      expect(data).toContainEqual(
        expect.stringMatching(new RegExp(`node_modules/${example.name}/dist/plugin.js$`)),
      );
      expect(data.filter((path) => /node_modules\/@(vmctl|oclif)\/core/.test(path))).toEqual([]);
    },
    LIMIT,
  );

  it(
    'is used by `vmctl up`',
    async () => {
      for (const [path, content] of Object.entries(files(project))) await project.home.write(content, path);
      await project.home.write(vmFile(project));
      const up: CommandResult = await project.vmctl('up');
      expect(up).toMatchObject({ code: 0 });
      for (const pattern of shows) expect(up.stdout).toMatch(pattern);
    },
    LIMIT,
  );
});
