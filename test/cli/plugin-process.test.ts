import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { NoopProject } from '../support/noop-project.js';
import {
  installPlugin,
  provisioner,
  removePlugin,
  type ThirdPartyPlugin,
} from '../support/third-party-plugin.js';

let project: NoopProject;
beforeAll(async () => {
  project = await NoopProject.create();
});
afterEach(async () => {
  await removePlugin(project.home, 'acme');
  await project.vmctl('destroy', '--all', '--yes');
});
afterAll(async () => {
  await project.remove();
});

/** Whose VM has a step of the plugin, after one of another plugin. */
async function writeStep(): Promise<void> {
  await project.home.write(project.vm('web', 'provision "shell" { inline "true" }; provision "acme"'));
}

/** A plugin with a step and a tap after `ready`. */
async function install(plugin: Pick<ThirdPartyPlugin, 'onImport' | 'apply'>, run = ''): Promise<void> {
  await installPlugin(project.home, {
    name: 'acme',
    contributes: { provisioners: ['acme'], up: true },
    onImport: plugin.onImport ?? '',
    apply: `${provisioner('acme', run)} ${plugin.apply ?? ''}`,
  });
}

function tap(statements: string): string {
  return `host.hooks.up.ready.tapPromise({ name: 'acme', stage: 1 }, async (ctx) => { ${statements} });`;
}

interface Event {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Every line of stdout has to be JSON. */
function events(stdout: string): Event[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): Event => JSON.parse(line));
}

describe('a plugin that calls process.exit', () => {
  beforeEach(writeStep);

  it.each([
    ['at import', { onImport: 'process.exit(0);' }, '', 2, 'import() of its entry'],
    ['in apply', { apply: 'process.exit(0);' }, '', 2, 'apply() of its entry'],
    ['in a tap', { apply: tap('process.exit(0);') }, '', 1, 'the hook vmctl.up.ready'],
    [
      'in a tap, and hides it',
      { apply: tap('try { process.exit(0) } catch {}') },
      '',
      1,
      'the hook vmctl.up.ready',
    ],
    ['in a step', {}, 'process.exit(0);', 1, 'run() of the provisioner type "acme"'],
    [
      "in a callback for a command's output",
      {},
      `await ctx.guest.exec('echo hi', { onStdout: () => process.exit(0) });`,
      1,
      'run() of the provisioner type "acme"',
    ],
  ])('%s does not end vmctl: it is an error of the plugin', async (_where, plugin, run, status, place) => {
    await install(plugin, run);
    const { code, stdout, stderr } = await project.vmctl('up');
    expect(code).toBe(status);
    expect(stdout + stderr).toContain(`The plugin acme called process.exit(0) in ${place}.`);
  });

  it('leaves the VMs that do without it alone', async () => {
    await install({}, 'process.exit(0);');
    await project.home.write(`${project.vm('web', 'provision "acme"')} ${project.vm('db')}`);
    const { code, stdout } = await project.vmctl('up', '--json');
    expect(code).toBe(1);
    expect(events(stdout).at(-1)).toMatchObject({
      type: 'run.finished',
      vms: [
        { vm: 'web', outcome: 'failed' },
        { vm: 'db', outcome: 'up' },
      ],
    });
    expect(await project.vmctl('list')).toMatchObject({ code: 0, stderr: '' });
  });

  it('in a timer ends the command, with its name', async () => {
    await install({}, `await new Promise(() => setTimeout(() => process.exit(0), 1));`);
    const { code, stderr } = await project.vmctl('up');
    expect(code).toBe(1);
    expect(stderr).toContain('The plugin acme called process.exit(0)');
  });

  it('is explained by doctor', async () => {
    await install({ onImport: 'process.exit(0);' });
    const { code, stdout } = await project.vmctl('doctor');
    expect(code).toBe(3);
    expect(stdout).toContain('called process.exit(0) in import() of its entry');
    expect(stdout).toContain('vmctl plugins uninstall acme');
    expect(stdout).toContain('data directory');
  });
});

describe('what a plugin prints on stdout', () => {
  beforeEach(writeStep);

  it.each([
    ['at import', { onImport: `process.stdout.write('odd\\nwords\\n');` }, ''],
    ['in apply', { apply: `console.log('odd\\nwords');` }, ''],
    ['in a tap', { apply: tap(`console.info('odd\\nwords');`) }, ''],
    ['in a timer', { apply: tap(`setTimeout(() => console.log('odd\\nwords'), 1);`) }, ''],
    ['in a step', {}, `process.stdout.write(Buffer.from('odd\\nwords'));`],
    [
      "in a callback for a command's output",
      {},
      `await ctx.guest.exec('echo hi', { onStdout: () => console.log('odd\\nwords') });`,
    ],
  ])('%s goes to stderr under its name, and the events stay whole', async (_where, plugin, run) => {
    await install(plugin, run);
    const { code, stdout, stderr } = await project.vmctl('up', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'acme: odd\nacme: words\n' });
    expect(events(stdout).at(-1)).toMatchObject({ type: 'run.finished', ok: true });
    expect(stdout).not.toContain('odd');
  });

  it('calls back as stdout would', async () => {
    await install({}, `await new Promise((done) => process.stdout.write('odd', 'utf8', done));`);
    expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: 'acme: odd\n' });
  });

  it('does not keep its events from stdout', async () => {
    await install({
      apply: tap(`ctx.events.emit({ type: 'warning', vm: 'web', code: 'ACME_LOW', message: 'It is low.' });`),
    });
    const { stdout, stderr } = await project.vmctl('up', '--json');
    expect(stderr).toBe('');
    expect(events(stdout)).toContainEqual(expect.objectContaining({ type: 'warning', code: 'ACME_LOW' }));
  });

  it('does not spoil the JSON of doctor', async () => {
    await install({ onImport: `console.log('odd');` });
    const { stdout, stderr } = await project.vmctl('doctor', '--json');
    expect(stderr).toBe('acme: odd\n');
    expect(JSON.parse(stdout)).toMatchObject({ findings: expect.anything() });
  });
});

describe('an error that a plugin leaves to nobody', () => {
  beforeEach(writeStep);

  const never = 'await new Promise(() => {});';
  it.each([
    ['a promise that rejects', `void Promise.reject(new Error('forgotten')); ${never}`],
    ['a timer that throws', `setTimeout(() => { throw new Error('forgotten'); }, 1); ${never}`],
    [
      'an emitter without a listener for errors',
      `const { connect } = await import('node:net'); connect({ path: '/nowhere/forgotten' }); ${never}`,
    ],
  ])('%s ends the command, with its name', async (_what, run) => {
    await install({}, run);
    const plain = await project.vmctl('up');
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(/The plugin acme failed .*forgotten/);
    expect(plain.stderr).not.toContain('    at ');

    const { code, stdout, stderr } = await project.vmctl('up', '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(events(stdout).at(-1)).toMatchObject({
      type: 'error',
      error: {
        code: 'VMCTL_PLUGIN_FAILED',
        message: expect.stringContaining('forgotten'),
        details: { plugin: 'acme' },
      },
    });
  });

  it('is reported when it has not even a text', async () => {
    await install({}, `void Promise.reject(Object.create(null)); ${never}`);
    const { code, stderr } = await project.vmctl('up');
    expect(code).toBe(1);
    expect(stderr).toMatch(/The plugin acme failed .*something was thrown that is no error/);
  });

  it('is known from its stack when core itself ran the code', async () => {
    await installPlugin(project.home, {
      name: 'acme',
      contributes: { provisioners: ['acme'] },
      // Core reads the property by itself, and is below it in the stack.
      apply: `host.hooks.provisioner.for('acme').tap('acme', () => ({
        get type() { void Promise.reject(new Error('forgotten')); return 'acme'; },
        decode: () => ({}),
        run: () => new Promise(() => {}),
      }));`,
    });
    const { code, stderr } = await project.vmctl('up');
    expect(code).toBe(1);
    expect(stderr).toMatch(/The plugin acme failed .*forgotten/);
  });

  it('leaves a VM that the next up goes on with', async () => {
    await install({}, `void Promise.reject(new Error('forgotten')); ${never}`);
    expect(await project.vmctl('up')).toMatchObject({ code: 1 });
    await install({});
    expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: '' });
    expect(await project.states()).toEqual({ web: 'running' });
  });

  it('is a finding of doctor, which goes on', async () => {
    await install({ apply: `void Promise.reject(new Error('forgotten'));` });
    const { code, stdout, stderr } = await project.vmctl('doctor', '--json');
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    const { findings } = JSON.parse(stdout) as { findings: unknown[] };
    expect(findings).toContainEqual(
      expect.objectContaining({
        id: 'plugin:acme:stray',
        status: 'error',
        detail: expect.stringContaining('forgotten'),
        fix: expect.stringContaining('vmctl plugins uninstall acme'),
      }),
    );
    expect(findings).toContainEqual(expect.objectContaining({ group: 'state' }));
  });
});

describe('an error of what a plugin brings', () => {
  beforeEach(writeStep);

  it('names the plugin and the method', async () => {
    await install({}, `throw new TypeError('no such thing');`);
    const { code, stdout } = await project.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toContain('The plugin acme failed in run() of the provisioner type "acme": no such thing');
  });

  it('that is meant for the user is shown as it is', async () => {
    await install(
      {},
      `throw ctx.error('ACME_NO_LICENCE', { message: 'There is no licence.', hint: 'Buy one.' });`,
    );
    const { code, stdout } = await project.vmctl('up');
    expect(code).toBe(1);
    expect(stdout).toContain('There is no licence.');
    expect(stdout).toContain('Buy one.');
    expect(stdout).not.toContain('The plugin acme failed');
  });
});

describe('a plugin that changes what all share', () => {
  beforeEach(writeStep);

  it.each([
    ['the exit status', 'process.exitCode = 7;', 'process.exitCode'],
    ['the working directory', `process.chdir('/');`, 'the working directory'],
    ['process.exit', 'process.exit = () => {};', 'process.exit'],
    ['stdout', 'process.stdout.write = () => true;', 'process.stdout.write'],
    ['JSON', `JSON.stringify = () => 'hijacked';`, 'JSON.stringify'],
    ['every object', 'Object.prototype.odd = () => 1;', 'Object.prototype'],
  ])('does not get away with it: %s', async (_what, statement, name) => {
    await install({ onImport: statement }, statement);
    const { code, stdout, stderr } = await project.vmctl('up', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const all = events(stdout);
    expect(all.at(-1)).toMatchObject({ type: 'run.finished', ok: true });
    expect(all.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({
        code: 'VMCTL_PLUGIN_GLOBALS',
        message: expect.stringMatching(`^The plugin acme changed ${name.replaceAll('.', '\\.')},`),
      }),
    ]);
  });
});

describe('what a plugin leaves open', () => {
  beforeEach(writeStep);

  it('does not keep a vmctl that has done its work, and is named', async () => {
    await install({ apply: `setInterval(() => {}, 1000); process.stdin.resume();` });
    const { code, stdout, stderr } = await project.vmctl('up', '--json');
    expect(code).toBe(0);
    expect(events(stdout).at(-1)).toMatchObject({ type: 'run.finished', ok: true });
    expect(stderr).toMatch(/^! A plugin has left something open \(.*Timeout.*\).* In use: .*acme/);
  });

  it('does not change the exit status when the process ends', async () => {
    await install({ apply: `process.on('exit', () => { process.exitCode = 7; });` });
    expect(await project.vmctl('up')).toMatchObject({ code: 0, stderr: '' });
  });

  it('does not change the exit status when it ends after the command', async () => {
    // It ends within the time that vmctl gives it, and after the time that a plugin may take to load.
    await install({ apply: `await new Promise((loaded) => setTimeout(loaded, 10_500));` });
    const { code, stderr } = await project.vmctl('up');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('did not finish loading within 10 s'),
    });
  });
});
