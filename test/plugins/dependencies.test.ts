import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExampleProject, npmSettings } from '../support/example-project.js';
import { NoopProject } from '../support/noop-project.js';
import { repositoryRoot } from '../support/vmctl-home.js';

const LIMIT = 300_000;

let example: ExampleProject;
let project: NoopProject;

beforeAll(async () => {
  example = await ExampleProject.create('provisioner-template');
  project = await NoopProject.create({ plugins: 'none' });
  const tarball = await example.pack();
  const installed = await project.home.start(['plugins', 'install', tarball], { env: npmSettings() }).done;
  if (installed.code !== 0) throw new Error(installed.stderr);
}, LIMIT);
afterAll(async () => {
  await project?.remove();
  await example?.remove();
}, LIMIT);

/** Runs vmctl, and gives with its result the package.json of every copy of a package that it loaded. */
async function copiesOf(name: string, args: readonly string[]) {
  const record = join(project.home.root, 'modules');
  await writeFile(record, '');
  const recorder = pathToFileURL(join(repositoryRoot, 'test/support/record-modules.mjs'));
  const result = await project.start(args, {
    NODE_OPTIONS: `--import=${recorder.href}`,
    RECORD_MODULES: record,
  }).done;
  const inside = new RegExp(`^file://.*/node_modules/${name}/`);
  const roots = (await readFile(record, 'utf8')).split('\n').flatMap((url) => {
    const [root] = inside.exec(url) ?? [];
    return root === undefined ? [] : [fileURLToPath(root)];
  });
  const copies = await Promise.all(
    [...new Set(roots)].map(async (root) => {
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
        version: string;
      };
      return { root, major: Number(version.split('.')[0]) };
    }),
  );
  return { result, copies: copies.toSorted((a, b) => a.major - b.major) };
}

describe('a plugin that depends on another major version of a library than core', () => {
  it(
    'uses its own while core uses its own, in one process',
    async () => {
      await project.home.write('{{column values.name 8}}|\n', 'hosts.hbs');
      // The column is for a width that both have to tell: core's code frame points at what follows wide characters.
      await project.home.write(
        project.vm(
          'web',
          `provision "template" { source "hosts.hbs"; values { 東京 "x" }; destination "etc/東京" }`,
        ),
      );
      const { result, copies } = await copiesOf('string-width', ['validate']);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('"destination" must be the absolute path of a file in the guest');
      const isOfPlugin = ({ root }: { readonly root: string }): boolean =>
        root.startsWith(project.home.dataDir);
      expect(copies.filter(isOfPlugin).map(({ major }) => major)).toEqual([4]);
      // What core's own dependencies use, oclif for one, may be older.
      expect(copies.filter((copy) => !isOfPlugin(copy)).map(({ major }) => major)).toContain(8);
    },
    LIMIT,
  );

  it(
    'works with it: the file in the guest has the width of the one and the text of the other',
    async () => {
      const hosts = join(project.home.root, 'etc/hosts');
      await mkdir(dirname(hosts), { recursive: true });
      await project.home.write(
        project.vm(
          'web',
          `provision "template" { source "hosts.hbs"; values { name "東京" }; destination "${hosts}" }`,
        ),
      );
      const { result, copies } = await copiesOf('handlebars', ['up']);
      expect(result).toMatchObject({ code: 0 });
      expect(copies).toEqual([{ root: expect.stringContaining(project.home.dataDir), major: 4 }]);
      expect(await readFile(hosts, 'utf8')).toBe('東京    |\n');
    },
    LIMIT,
  );
});
