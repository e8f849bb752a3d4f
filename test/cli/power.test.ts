import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tinyDisk } from '../support/noop-project.js';
import { VmctlHome } from '../support/vmctl-home.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let home: VmctlHome;
beforeAll(async () => {
  home = await VmctlHome.create();
  await home.write(tinyDisk(), 'disk.img');
  await home.write(
    'vm "web" { image "disk.img"; backend "noop" }\nvm "db" { image "disk.img"; backend "noop" }\n',
  );
  await home.vmctl('up');
}, LIMIT);
afterAll(async () => {
  await home.remove();
}, LIMIT);

describe('the verbs for VMs that exist', () => {
  it(
    'say what they have done, and exit with 0 when there is nothing to do',
    async () => {
      for (const [words, said] of [
        ['stop web --timeout 5', /✓ web stopped in /],
        ['stop web --force', /✓ web was stopped already/],
        ['start --all', /✓ web started in [^]*✓ db is running already/],
        ['restart web db', /✓ web restarted in [^]*✓ db restarted in /],
        ['suspend web', /✓ web suspended/],
        ['suspend web', /✓ web is suspended already/],
        ['resume web', /✓ web resumed/],
        ['resume web', /✓ web is running already/],
      ] as const) {
        const { code, stdout, stderr } = await home.vmctl(...words.split(' '));
        expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
        expect(stdout.split('\n').toSorted().toReversed().join('\n')).toMatch(said);
      }
    },
    LIMIT,
  );

  it('print events as JSON lines, the last of them with every outcome', async () => {
    const { stdout } = await home.vmctl('start', 'web', '--json');
    const last: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({
      type: 'run.finished',
      operation: 'start',
      ok: true,
      vms: [{ vm: 'web', outcome: 'already-running' }],
    });
  });

  it.each([
    ['stop', 'wbe'],
    ['start', 'wbe'],
    ['suspend', 'wbe'],
  ])('%s suggests the name that was meant', async (verb, name) => {
    const { code, stderr } = await home.vmctl(verb, name);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "web"?');
  });

  it('take no name beside --all, which is more than was named', async () => {
    const { code, stderr } = await home.vmctl('destroy', 'db', '--all', '--yes');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('`--all` is every VM, and `db` is named as well.'),
    });
    expect((await home.vmctl('list', '-q')).stdout).toBe('db\nweb\n');
  });

  it('ask which one is meant when the VMFile has several', async () => {
    const { code, stderr } = await home.vmctl('stop');
    expect(code).toBe(2);
    expect(stderr).toContain('Which VM? The VMFile has 2: web, db.');
  });

  it('do not take a time-out together with --force', async () => {
    const { code, stderr } = await home.vmctl('stop', 'web', '--force', '--timeout', '9');
    expect(code).toBe(2);
    expect(stderr).toContain('--timeout');
  });
});
