import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { writeGuestImage } from '../../packages/plugin-qemu/test/support/guest-disk.js';
import { commandNames, JsonSchemas, schemaNames, schemaOf } from '../support/json-schemas.js';
import { NoopProject } from '../support/noop-project.js';
import { NO_REGISTRY } from '../support/plugins-home.js';
import { writePluginPackage } from '../support/plugin-package.js';
import { repositoryRoot } from '../support/vmctl-home.js';

/** Against hanging only. */
const LIMIT = 180_000;

/** As they are shipped, and without room for fields that they do not name. */
const shipped = new JsonSchemas({ closed: false });
const closed = new JsonSchemas({ closed: true });

let project: NoopProject;
/** The URL of an image. */
let image: string;
/** The one that was added last. */
let forward: { readonly host: number } | undefined;

beforeAll(async () => {
  project = await NoopProject.create();
  const { home } = project;
  image = pathToFileURL(join(home.project, 'disk.img')).href;
  await writeGuestImage(join(home.project, 'talks.img'), 'deaf');
  const steps = `network "user" { forward host=0 guest=80 }
    provision "shell" name="hello" { inline "echo hello; echo again >&2" }
    provision "shell" name="seldom" run="never" { inline "true" }`;
  await home.write(
    project.vm('web', steps) +
      `vm "fetched" { image-url "${image}"; backend "noop"; depends-on "web" }
       vm "plain" { image "talks.img"; backend "qemu"; memory 64; network "none" }`,
  );
  expect(await home.vmctl('plugins', 'link', join(repositoryRoot, 'packages/plugin-qemu'))).toMatchObject({
    code: 0,
  });
  await mkdir(join(home.project, 'new'));
  await home.write('vm "bad" { image "nowhere.img"; backend "noop" }', 'bad.kdl');
  await home.write('vm "broken" {', 'broken.kdl');
  await writePluginPackage({ name: 'vmctl-one', version: '1.0.0', directory: join(home.project, 'one') });
}, LIMIT);
afterAll(async () => {
  await project?.remove();
}, LIMIT);

interface Row {
  readonly command: string;
  readonly args?: readonly string[] | (() => readonly string[]);
  /** Default 0. */
  readonly code?: number;
  readonly cwd?: string;
  /** Default: a document. */
  readonly lines?: boolean;
}

/** A day with vmctl, every command of it at least once. */
const rows: readonly Row[] = [
  { command: 'init', cwd: 'new' },
  { command: 'validate' },
  { command: 'fmt', args: ['--check', 'new/VMFile.kdl', 'broken.kdl', 'VMFile.kdl'], code: 2 },
  { command: 'image pull', args: () => [image, `${image}-not-there`], code: 1 },
  { command: 'plan' },
  { command: 'up', lines: true },
  { command: 'plan' },
  { command: 'up', args: ['--file', 'bad.kdl'], lines: true, code: 1 },
  { command: 'list' },
  { command: 'status' },
  { command: 'port' },
  { command: 'console', args: ['plain'] },
  { command: 'log', args: ['web', '--provision'], lines: true },
  { command: 'ssh', args: ['web', 'true'] },
  { command: 'ssh-config', args: ['web'] },
  { command: 'ssh-config', args: ['--install'] },
  { command: 'exec', args: ['web', '--', 'echo', 'hello'] },
  { command: 'exec', args: ['web', '--', 'sh', '-c', 'kill -9 $$'], code: 137 },
  { command: 'cp', args: ['disk.img', 'web:there.img'] },
  { command: 'cp', args: ['web:there.img', 'back.img'] },
  { command: 'forward add', args: ['web', '0:81'] },
  { command: 'forward remove', args: () => ['web', String(forward?.host)] },
  { command: 'provision', args: ['--name', 'web'], lines: true },
  { command: 'wait', args: ['web'], lines: true },
  { command: 'suspend', args: ['plain', 'web'], lines: true },
  { command: 'list' },
  { command: 'resume', args: ['plain', 'web'], lines: true },
  { command: 'stop', args: ['plain', '--force'], lines: true },
  { command: 'status', args: ['plain'] },
  { command: 'start', args: ['plain'], lines: true },
  { command: 'restart', args: ['plain', '--force'], lines: true },
  { command: 'create', args: ['--name', 'one-off', '--image', 'disk.img', '--backend', 'noop'], lines: true },
  { command: 'reload', args: ['--name', 'fetched'], lines: true },
  { command: 'down', args: ['fetched'], lines: true },
  { command: 'image list' },
  { command: 'image inspect', args: ['disk.img'] },
  { command: 'image remove', args: ['disk.img'], code: 1 },
  { command: 'destroy', args: ['fetched', 'one-off', '--yes'], lines: true },
  { command: 'image prune', args: ['--dry-run'] },
  { command: 'image remove', args: ['disk.img'] },
  { command: 'image prune' },
  { command: 'plugins' },
  { command: 'plugins', args: ['--core'] },
  { command: 'plugins inspect', args: ['@vmctl/plugin-qemu'] },
  { command: 'plugins create', args: ['@acme/nix', '--kind', 'provisioner'] },
  { command: 'plugins install', args: ['./one'] },
  { command: 'plugins update' },
  { command: 'plugins uninstall', args: ['vmctl-one'] },
  { command: 'plugins link', args: ['one'] },
  { command: 'doctor', code: 0 },
  { command: 'doctor', args: ['--fix'] },
  { command: 'events', args: ['--no-follow'], lines: true },
  { command: 'config' },
  { command: 'completion', args: ['bash'] },
  { command: 'help' },
  { command: 'help', args: ['networking'] },
  { command: 'help', args: ['exec'] },
  { command: 'help', args: ['image'] },
  { command: 'version' },
  { command: 'version', args: ['--verbose'] },
  { command: 'destroy', args: ['--all', '--yes'], lines: true },
  { command: 'plugins prune' },
  { command: 'plugins reset', args: ['--yes'] },
];

/** What a command prints with `--json`. */
async function valuesOf({ command, args = [], code = 0, cwd = '.', lines = false }: Row): Promise<unknown[]> {
  const words = typeof args === 'function' ? args() : args;
  const run = project.start([...command.split(' '), '--json', ...words], NO_REGISTRY, {
    cwd: join(project.home.project, cwd),
  });
  const result = await run.done;
  expect({ ...result, wanted: code }).toMatchObject({ code });
  const texts = lines ? result.stdout.trimEnd().split('\n') : [result.stdout];
  return texts.map((text): unknown => JSON.parse(text));
}

function expectValid(schema: string, value: unknown): void {
  expect({ value, problems: closed.problems(schema, value) }).toEqual({ value, problems: [] });
  expect(shipped.problems(schema, value)).toEqual([]);
}

describe('what commands print with --json', () => {
  it.each(rows)('is as the schema says: vmctl $command $args', async (row) => {
    const values = await valuesOf(row);
    expect(values).not.toEqual([]);
    for (const value of values) expectValid(schemaOf(row.command), value);
    if (row.command === 'forward add') ({ forward } = values[0] as { forward: { host: number } });
  });

  it('is tried here for every command', () => {
    expect([...new Set(rows.map(({ command }) => command))].toSorted()).toEqual(commandNames());
  });

  it.each([
    { command: 'list', args: ['--no-such-flag'], code: 2 },
    { command: 'status', args: ['nobody'], code: 2 },
    { command: 'validate', args: ['--file', 'broken.kdl'], code: 2 },
    { command: 'destroy', args: ['nobody', '--yes'], code: 2, lines: true },
    { command: 'up', args: ['--file', 'broken.kdl'], code: 2, lines: true },
    { command: 'plugins inspect', args: ['nobody'], code: 2 },
    { command: 'exec', args: ['nobody', '--', 'true'], code: 255 },
  ])('is an error, when it fails: vmctl $command $args', async (row) => {
    const [value, ...more] = await valuesOf(row);
    expect(more).toEqual([]);
    expectValid('error', value);
    if (row.lines === true) expectValid(schemaOf(row.command), value);
  });
});

describe('the schemas', () => {
  it('are one for each command, those that these share, and that of configuration files', () => {
    expect(schemaNames().toSorted()).toEqual(
      [...commandNames().map(schemaOf), 'configuration', 'definitions', 'error', 'event'].toSorted(),
    );
  });

  it('are found by programs in the package', async () => {
    const find = "process.stdout.write(import.meta.resolve('@vmctl/core/schemas/list.schema.json'))";
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', find], {
      cwd: repositoryRoot,
    });
    expect(JSON.parse(await readFile(fileURLToPath(stdout), 'utf8'))).toMatchObject({
      $id: 'list.schema.json',
    });
  });

  it('let a later vmctl add fields, and take none away', () => {
    const vms: readonly unknown[] = [];
    expect(shipped.problems('list', { vms, more: 1 })).toEqual([]);
    expect(closed.problems('list', { vms, more: 1 })).toHaveLength(1);
    expect(shipped.problems('list', { more: 1 })).toHaveLength(1);
  });
});
