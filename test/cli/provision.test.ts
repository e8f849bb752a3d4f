import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';

/** Against hanging only: each test runs vmctl several times. */
const LIMIT = 180_000;

let project: NoopProject;

function vmfile(greeting: string): string {
  const step = (name: string, text: string, policy = 'always'): string =>
    `provision "shell" name="${name}" run="${policy}" { inline "echo ${text}" }\n`;
  return (
    project.vm('web', step('packages', 'install', 'once') + step('site', greeting) + step('last', 'bye')) +
    project.vm('db', step('tables', 'tables'))
  );
}

beforeAll(async () => {
  project = await NoopProject.create();
  await project.home.write(vmfile('hello'));
  const { code, stdout } = await project.vmctl('up');
  expect({ code, stdout }).toMatchObject({ code: 0 });
}, LIMIT);
afterAll(async () => {
  await project.remove();
}, LIMIT);

describe('vmctl provision', () => {
  it('runs the steps of the VMFile as it is now, as their policies say', async () => {
    await project.home.write(vmfile('changed'));
    const { code, stdout } = await project.vmctl('provision', 'web');
    expect(code).toBe(0);
    expect(stdout).toMatch(/1\/3 packages skipped/);
    expect(stdout).toMatch(/│ changed/);
    expect(stdout).toMatch(/│ bye/);
    expect(stdout).toMatch(/✓ web provisioned in /);
    expect(stdout).not.toContain('tables');
  });

  it('runs only the named step, whatever its policy, on the VM that has it', async () => {
    const { code, stdout } = await project.vmctl('provision', '--only', 'packages');
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ install/);
    expect(stdout).toMatch(/✓ web provisioned in /);
    expect(stdout).not.toMatch(/changed|bye|db/);
  });

  it('starts at a step', async () => {
    const { code, stdout } = await project.vmctl('provision', '--from', 'site');
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ changed[^]*│ bye/);
    expect(stdout).not.toMatch(/packages|db/);
  });

  it('says that no step had to run', async () => {
    await project.home.write(project.vm('web', 'provision "shell" name="p" run="never" { inline "false" }'));
    const { code, stdout } = await project.vmctl('provision');
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ web: no step had to run/);
    await project.home.write(vmfile('changed'));
  });

  it.each([
    [['--only', 'sit'], 'Did you mean "site"?'],
    [['--name', 'db', '--from', 'tabels'], 'db has no provisioning step "tabels"'],
    [['--only', 'site', '--from', 'last'], '--from'],
  ])('refuses %j before anything runs', async (flags, message) => {
    const { code, stdout, stderr } = await project.vmctl('provision', ...flags);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it(
    'needs a running VM, and provisions the others',
    async () => {
      await project.vmctl('suspend', 'db');
      const { code, stdout } = await project.vmctl('provision');
      expect(code).toBe(1);
      expect(stdout).toContain('db is suspended; only a running VM can be provisioned.');
      expect(stdout).toContain('vmctl resume db');
      expect(stdout).toMatch(/✓ web provisioned in /);
    },
    LIMIT,
  );

  it(
    'ends what a failed `up` has left to do',
    async () => {
      await project.home.write(project.vm('db', 'provision "shell" name="fails" { inline "false" }'));
      await project.vmctl('resume', 'db');
      await project.vmctl('stop', 'db');
      expect(await project.vmctl('up')).toMatchObject({ code: 1 });
      await project.home.write(project.vm('db', 'provision "shell" name="fails" { inline "true" }'));
      expect(await project.home.json('list')).toMatchObject({ vms: [{ name: 'db', unfinished: true }, {}] });
      expect(await project.vmctl('provision')).toMatchObject({ code: 0 });
      expect(await project.home.json('list')).toMatchObject({ vms: [{ name: 'db', unfinished: false }, {}] });
      expect((await project.vmctl('up')).stdout).toMatch(/✓ db is running already/);
    },
    LIMIT,
  );
});

describe('vmctl reload', () => {
  it(
    'makes a VM anew and runs all its steps, unless they are left out',
    async () => {
      await project.home.write(vmfile('anew'));
      const whole = await project.vmctl('reload', 'web');
      expect(whole).toMatchObject({ code: 0 });
      expect(whole.stdout).toMatch(/│ install[^]*│ anew[^]*✓ web is up and provisioned in /);
      const bootOnly = await project.vmctl('reload', '--name', 'web', '--no-provision');
      expect(bootOnly).toMatchObject({ code: 0 });
      expect(bootOnly.stdout).toMatch(/✓ web is up in /);
      expect(bootOnly.stdout).not.toContain('│');
    },
    LIMIT,
  );
});
