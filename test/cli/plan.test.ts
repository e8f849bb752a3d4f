import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let project: NoopProject;

interface Plan {
  readonly changes: boolean;
  readonly ok: boolean;
  readonly vms: readonly {
    readonly name: string;
    readonly action: string;
    readonly needs: string | null;
    readonly changes: readonly { readonly setting: string }[];
    readonly steps: readonly { readonly name: string; readonly action: string; readonly reason: string }[];
  }[];
}

async function plan(...flags: readonly string[]): Promise<Plan> {
  const { code, stdout, stderr } = await project.vmctl('plan', '--json', ...flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Plan;
}

/** `name: action (reason)` of each step of the first VM. */
async function steps(): Promise<string[]> {
  const { vms } = await plan();
  return (vms[0]?.steps ?? []).map(({ name, action, reason }) => `${name}: ${action} (${reason})`);
}

const detailed = () => project.vmctl('plan', '--detailed-exitcode');

const greeting = (text: string): string => `provision "shell" name="greet" { inline "echo ${text}" }`;
const once = 'provision "shell" name="packages" run="once" { inline "echo packages" }';
const never = 'provision "shell" name="rescue" run="never" { inline "echo rescue" }';
const site = 'provision "shell" name="site" run="changed" { script "site.sh" }';
const allSteps = [greeting('hello'), once, never, site].join('\n');

beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write('echo site\n', 'site.sh');
  await project.home.write(project.vm('web', allSteps));
  expect(await steps()).toEqual([
    'greet: run (run="always")',
    'packages: run (it has not run on this VM)',
    'rescue: skip (run="never")',
    'site: run (it has not run on this VM)',
  ]);
  expect(await project.vmctl('up')).toMatchObject({ code: 0 });
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

describe('vmctl plan', () => {
  it('shows no changes right after up, and exits with 0', async () => {
    const { code, stdout, stderr } = await detailed();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('  = web  no changes  (running)\n\nNo changes: the VM is up.\n');
    expect(await plan()).toMatchObject({ changes: false, ok: true });
  });

  it('exits with 4 for changes when it is asked to, else with 0', async () => {
    await project.home.write(project.vm('web', `memory 2048\n${allSteps}`));
    expect(await detailed()).toMatchObject({
      code: 4,
      stdout: expect.stringContaining('1024 MiB -> 2048 MiB'),
    });
    expect(await project.vmctl('plan', 'web')).toMatchObject({ code: 0 });
    expect(await project.vmctl('plan', '--detailed-exitcode', '--json')).toMatchObject({ code: 4 });
  });

  it('exits with 1 when up would fail, and with 2 for what is wrong with the command itself', async () => {
    await project.home.write(project.vm('web', allSteps) + project.vm('db').replace('disk.img', 'none.img'));
    const { code, stdout } = await detailed();
    expect(code).toBe(1);
    expect(stdout).toMatch(/! db {3}create\n +There is no image .*none\.img\.\n +Try: /);
    expect(await project.vmctl('plan', 'wbe')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean "web"?'),
    });
    expect(await project.vmctl('plan', '--detailed')).toMatchObject({ code: 2 });
  });

  it(
    'names steps that were added or edited on a running VM, which up leaves alone and provision runs',
    async () => {
      const added = 'provision "shell" name="extra" { inline "echo extra" }';
      await project.home.write(
        project.vm(
          'web',
          [greeting('good day'), once.replace('echo packages', 'echo more'), never, site, added].join('\n'),
        ),
      );
      await project.home.write('echo another site\n', 'site.sh');
      const left = [
        expect.stringMatching(/^greet: provision \(changed since /),
        expect.stringMatching(/^packages: edited \(edited since it ran on .*, and run="once"\)$/),
        expect.stringMatching(/^site: provision \(changed since /),
        'extra: provision (it has not run on this VM)',
      ];
      expect(await steps()).toEqual(left);
      const up = await project.vmctl('up');
      expect(up.stdout).toMatch(
        /! web: steps greet, site, extra: added or edited, and not run since\.\n +vmctl provision web\n/,
      );
      expect(up.stdout).toMatch(/✓ web is running already/);
      expect(up.stdout).toMatch(
        /! web: step packages: edited since, and run="once"\.\n +vmctl provision web --only packages\n/,
      );
      expect(await steps()).toEqual(left);
      expect(await project.vmctl('provision', '--name', 'web')).toMatchObject({ code: 0 });
      expect(await steps()).toEqual([left[1]]);
      expect(await project.vmctl('provision', 'web', '--only', 'packages')).toMatchObject({ code: 0 });
      expect(await plan()).toMatchObject({ changes: false });
      await project.home.write(project.vm('web', allSteps));
      await project.vmctl('provision', 'web', '--only', 'packages');
    },
    LIMIT,
  );

  it(
    'names the steps that the next start runs and skips, and up does just that',
    async () => {
      await project.vmctl('stop', 'web');
      await project.home.write(project.vm('web', allSteps));
      await project.home.write('echo third site\n', 'site.sh');
      expect(await steps()).toEqual([
        'greet: run (run="always")',
        expect.stringMatching(/^packages: skip \(run="once", and done on /),
        'rescue: skip (run="never")',
        expect.stringMatching(/^site: run \(changed since /),
      ]);
      const { code, stdout } = await project.vmctl('up');
      expect(code).toBe(0);
      expect(stdout).toMatch(/1\/4 greet done/);
      expect(stdout).toMatch(/2\/4 packages skipped/);
      expect(stdout).toMatch(/3\/4 rescue skipped/);
      expect(stdout).toMatch(/4\/4 site done/);
      expect(await plan()).toMatchObject({ changes: false });
    },
    LIMIT,
  );

  it(
    'says that steps are left after up --no-provision, and up does them',
    async () => {
      await project.vmctl('stop', 'web');
      expect(await project.vmctl('up', '--no-provision')).toMatchObject({ code: 0 });
      const { vms } = await plan();
      expect(vms).toMatchObject([
        { action: 'continue', steps: [{ name: 'greet', action: 'run' }, {}, {}, {}] },
      ]);
      expect(await project.vmctl('up')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/1\/4 greet done/),
      });
      expect(await plan()).toMatchObject({ changes: false });
    },
    LIMIT,
  );
});
