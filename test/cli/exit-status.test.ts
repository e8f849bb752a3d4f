import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXIT } from '../../packages/core/src/errors/registry.js';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only. */
const LIMIT = 120_000;

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(project.vm('web'));
  await project.home.write(project.vm('new'), 'new.kdl');
  await project.home.write('vm "ci" { image "disk.img"; backend "qemu" }', 'plugin.kdl');
  await project.home.write('vm "web" { imgae "x" }', 'bad.kdl');
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

const status = async (words: readonly string[]) => (await project.vmctl(...words)).code;

describe('the exit status', () => {
  it.each([
    [0, 'it is done', ['list']],
    [0, 'it was so already', ['up']],
    [0, 'nothing differs, and nobody asked', ['plan', '--file', 'new.kdl']],
    [EXIT.failure, 'it failed', ['wait', '--for', 'stopped', '--timeout', '0']],
    [EXIT.failure, 'a VM failed, also for what this machine lacks', ['up', '--file', 'plugin.kdl']],
    [EXIT.usage, 'there is no such command', ['lst']],
    [EXIT.usage, 'there is no such flag', ['list', '--nope']],
    [EXIT.usage, 'there is no such VM', ['stop', 'nobody']],
    [EXIT.usage, 'the VMFile is bad', ['validate', '--file', 'bad.kdl']],
    [EXIT.usage, 'a value of a flag is bad', ['stop', 'web', '--timeout', 'soon']],
    [EXIT.host, 'this machine lacks something', ['doctor']],
    [
      EXIT.changes,
      'there are changes, and somebody asked',
      ['plan', '--file', 'new.kdl', '--detailed-exitcode'],
    ],
  ])(
    'is %d when %s',
    async (expected, _, words) => {
      expect(await status(words)).toBe(expected);
    },
    LIMIT,
  );

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is 130 after %s, and when a second one ends it at once',
    async (signal) => {
      const once = project.start(['wait', '--for', 'stopped', '--json']);
      await once.output(/run\.started/);
      once.kill(signal);
      expect((await once.done).code).toBe(EXIT.interrupted);
      const twice = project.start(['wait', '--for', 'stopped', '--json']);
      await twice.output(/run\.started/);
      twice.kill(signal);
      twice.kill(signal);
      expect((await twice.done).code).toBe(EXIT.interrupted);
    },
    LIMIT,
  );

  it.each([
    [7, ['ssh', 'web', 'exit', '7']],
    [7, ['exec', 'web', '--', 'sh', '-c', 'exit 7']],
    [143, ['exec', 'web', '--', 'sh', '-c', 'kill -TERM $$']],
    [255, ['ssh', 'nobody', 'true']],
    [255, ['exec', 'nobody', '--', 'true']],
    [255, ['ssh', 'web', '--user', 'nobody-here', 'true']],
  ])(
    'is that of the command in the guest, or says that there was none: %d of %j',
    async (expected, words) => {
      expect(await status(words)).toBe(expected);
    },
    LIMIT,
  );

  it('is in `vmctl help exit-codes` for all that there are', async () => {
    const { stdout } = await project.vmctl('help', 'exit-codes');
    for (const known of [0, ...Object.values(EXIT)]) expect(stdout).toMatch(new RegExp(`^- ${known}: `, 'm'));
  });
});
