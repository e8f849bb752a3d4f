import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import type { VmctlEventBody } from '../../../src/events/events.js';
import { PluginActivator } from '../../../src/plugins/activation.js';
import type { PluginHost } from '../../../src/plugins/contract.js';
import { createHooks } from '../../../src/plugins/hooks.js';
import type { PluginPackage } from '../../../src/plugins/manifest.js';
import { PluginSystem } from '../../../src/plugins/plugin-system.js';
import { attributeTapErrors } from '../../../src/plugins/tap-errors.js';
import type { UpContext } from '../../../src/plugins/up-context.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmctl-plugins-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const quiet = { debug: () => {}, child: () => quiet };

function host(): PluginHost {
  const hooks = createHooks();
  attributeTapErrors(hooks);
  // The plugins of these tests use hooks and error() alone.
  return {
    apiVersion: 1,
    hooks,
    log: quiet,
    error: (code: string, options: { message: string }) => new VmctlError(code, options),
  } as unknown as PluginHost;
}

function system(packages: readonly PluginPackage[]): PluginSystem {
  return new PluginSystem({
    packages,
    host: host(),
    builtIn: { hypervisors: ['noop'], provisioners: [], imageSources: ['https'], vmNodes: [] },
  });
}

/** Writes a plugin to disk; `body` is that of `apply(host)`. */
async function plugin(
  name: string,
  contributes: object,
  body: string,
  overrides: Record<string, unknown> = {},
): Promise<PluginPackage> {
  const root = join(directory, name);
  await mkdir(root, { recursive: true });
  await writeFile(
    join(root, 'plugin.mjs'),
    `export default { name: '${name}', apiVersion: 1, async apply(host) { ${body} } };`,
  );
  return {
    name,
    version: '1.2.3',
    root,
    origin: 'user',
    vmctl: { apiVersion: 1, entry: './plugin.mjs', contributes, ...overrides },
  };
}

describe('PluginSystem', () => {
  it('imports a plugin when what it contributes is asked for, and not before', async () => {
    const name = 'lazy';
    const pkg = await plugin(
      name,
      { provisioners: ['nix'] },
      `globalThis.lazyApplied = (globalThis.lazyApplied ?? 0) + 1;
       host.hooks.provisioner.for('nix').tapPromise('lazy', async () => ({ type: 'nix' }));`,
    );
    const applied = (): unknown => (globalThis as { lazyApplied?: number }).lazyApplied;
    const plugins = system([pkg]);
    expect(plugins.installed('provisioners')).toEqual(['nix']);
    expect(applied()).toBeUndefined();
    await Promise.all([plugins.provisioner('nix'), plugins.provisioner('nix')]);
    expect(applied()).toBe(1);
  });

  it('gives the install line when no plugin brings the backend', async () => {
    await expect(system([]).backend('qemu')).rejects.toMatchObject({
      code: 'VMCTL_BACKEND_NOT_INSTALLED',
      hint: 'vmctl plugins install @vmctl/plugin-qemu',
    });
  });

  it('gives the install line for the provisioner types that everybody knows', async () => {
    await expect(system([]).provisioner('shell')).rejects.toMatchObject({
      code: 'VMCTL_PROVISIONER_UNKNOWN',
      hint: 'vmctl plugins install @vmctl/plugin-provisioners',
    });
  });

  it('refuses another API version before it imports anything', async () => {
    const pkg = await plugin('future', { hypervisors: { warp: {} } }, 'globalThis.futureRan = true;', {
      apiVersion: 7,
    });
    await expect(system([pkg]).backend('warp')).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_API_VERSION',
      message: expect.stringContaining('plugin API 7'),
      hint: expect.stringContaining('Update vmctl'),
    });
    expect((globalThis as { futureRan?: boolean }).futureRan).toBeUndefined();
  });

  it('names both plugins that claim the same thing, and only when it is needed', async () => {
    const body = `host.hooks.provisioner.for('nix').tapPromise('x', async () => ({ type: 'nix' }));`;
    const plugins = system([
      await plugin('b', { provisioners: ['nix'] }, body),
      await plugin('a', { provisioners: ['nix', 'apk'] }, body.replaceAll('nix', 'apk')),
    ]);
    await expect(plugins.provisioner('apk')).resolves.toEqual({ type: 'apk' });
    await expect(plugins.provisioner('nix')).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_CONFLICT',
      message: expect.stringContaining('a and b'),
    });
  });

  it.each([
    ['an entry that is missing', 'VMCTL_PLUGIN_LOAD_FAILED', { entry: './nowhere.mjs' }, ''],
    ['an entry outside of the package', 'VMCTL_PLUGIN_INVALID', { entry: '../other/plugin.mjs' }, ''],
    ['an apply that throws', 'VMCTL_PLUGIN_LOAD_FAILED', {}, `throw new Error('no');`],
    ['code that does not parse', 'VMCTL_PLUGIN_LOAD_FAILED', {}, `} this is not JavaScript {`],
    ['a promise that was not kept', 'VMCTL_PLUGIN_INVALID', {}, ''],
  ])('reports %s and leaves the other plugins alone', async (_what, code, overrides, body) => {
    const good = await plugin(
      'good',
      { provisioners: ['fine'] },
      `host.hooks.provisioner.for('fine').tapPromise('good', async () => ({ type: 'fine' }));`,
    );
    const plugins = system([await plugin('broken', { provisioners: ['nix'] }, body, overrides), good]);
    await expect(plugins.provisioner('nix')).rejects.toMatchObject({
      code,
      message: expect.stringContaining('broken'),
    });
    await expect(plugins.provisioner('fine')).resolves.toEqual({ type: 'fine' });
  });

  it.each([
    ['hypervisors', 'backend', 'hypervisor', 'name', { warp: {} }],
    ['provisioners', 'provisioner', 'provisioner', 'type', ['warp']],
    ['imageSources', 'imageSource', 'imageSource', 'scheme', ['warp']],
    ['vmNodes', 'vmNode', 'vmNode', 'name', ['warp']],
  ] as const)(
    'refuses what says another name than the one it is known by: %s',
    async (kind, ask, hook, property, value) => {
      const body = `host.hooks.${hook}.for('warp').tapPromise('acme', async () => ({ ${property}: 'wrap' }));`;
      const plugins = system([await plugin('acme', { [kind]: value }, body)]);
      await expect(plugins[ask]('warp')).rejects.toMatchObject({
        code: 'VMCTL_PLUGIN_INVALID',
        message: expect.stringMatching(new RegExp(`"warp", but its "${property}" is "wrap"`)),
      });
    },
  );

  it('gives up on a plugin that hangs', async () => {
    const pkg = await plugin('hang', { provisioners: ['nix'] }, 'await new Promise(() => {});');
    const activator = new PluginActivator({ host: host(), log: quiet, timeoutMs: 50 });
    const [known] = system([pkg]).catalog.plugins;
    await expect(known && activator.activate(known)).rejects.toMatchObject({ code: 'VMCTL_PLUGIN_TIMEOUT' });
  });

  it.each([
    ['a string', 'vmctl'],
    ['no apiVersion', { entry: './x.js', contributes: {} }],
    ['provisioners that are no list', { apiVersion: 1, entry: './x.js', contributes: { provisioners: 'x' } }],
    [
      'platforms that are no list',
      { apiVersion: 1, entry: './x', contributes: { hypervisors: { q: { platforms: 1 } } } },
    ],
  ])('rejects a manifest that is %s', (_what, vmctl) => {
    const { catalog } = system([{ name: 'odd', version: '1.0.0', root: '/', origin: 'user', vmctl }]);
    expect(catalog.plugins).toEqual([]);
    expect(catalog.rejected.map(({ problem }) => problem.code)).toEqual(['VMCTL_PLUGIN_INVALID']);
  });

  it.each([
    ['that core reads itself', ['vcpus'], 'has "vcpus", which vmctl itself reads'],
    ['that nobody can write', ['Hosts File'], 'is not a list of names like "hosts-file"'],
    ['that are no list', 'hosts-file', 'is not a list of names like "hosts-file"'],
  ])('rejects a manifest with VM nodes %s', (_what, vmNodes, problem) => {
    const { catalog } = system([
      {
        name: 'odd',
        version: '1.0.0',
        root: '/',
        origin: 'user',
        vmctl: { apiVersion: 1, entry: './x.js', contributes: { vmNodes } },
      },
    ]);
    expect(catalog.rejected.map((rejected) => rejected.problem)).toMatchObject([
      { code: 'VMCTL_PLUGIN_INVALID', message: expect.stringContaining(problem) },
    ]);
  });

  it.each([
    [{ up: 'sometimes' }, '"vmctl.contributes.up" is not true, false or "vmNodes"'],
    [{ up: 'vmNodes' }, '"vmctl.contributes.up" is "vmNodes", but there are none'],
  ])('rejects a manifest that contributes %j', (contributes, problem) => {
    const { catalog } = system([
      {
        name: 'odd',
        version: '1.0.0',
        root: '/',
        origin: 'user',
        vmctl: { apiVersion: 1, entry: './x.js', contributes },
      },
    ]);
    expect(catalog.rejected[0]?.problem.message).toContain(problem);
  });

  it('gives what reads the VM nodes of a name, and names both plugins that claim it', async () => {
    const body = `host.hooks.vmNode.for('labels').tap('x', ({ name }) => ({ name, decode: () => 'a' }));`;
    const one = await plugin('one', { vmNodes: ['labels'] }, body);
    const labels = await system([one]).vmNode('labels');
    expect([labels.name, labels.decode([])]).toEqual(['labels', 'a']);
    const two = await plugin('two', { vmNodes: ['labels'] }, body);
    await expect(system([two, one]).vmNode('labels')).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_CONFLICT',
      message: 'Two plugins bring the VM node "labels": one and two.',
    });
  });

  it('knows a VM node whose plugin cannot be used, and says why it cannot', async () => {
    const plugins = system([await plugin('future', { vmNodes: ['labels'] }, '', { apiVersion: 7 })]);
    expect([plugins.claims('vmNodes', 'labels'), plugins.claims('vmNodes', 'others')]).toEqual([true, false]);
    expect(plugins.installed('vmNodes')).toEqual([]);
    await expect(plugins.vmNode('labels')).rejects.toMatchObject({ code: 'VMCTL_PLUGIN_API_VERSION' });
  });

  it('passes over packages without a vmctl field', () => {
    const { catalog } = system([
      { name: 'other', version: '1.0.0', root: '/', origin: 'user', vmctl: undefined },
    ]);
    expect([catalog.plugins, catalog.rejected]).toEqual([[], []]);
  });
});

describe('hooks', () => {
  function context(events: VmctlEventBody[] = []): UpContext {
    // The taps of these tests use the events and the VM's name alone.
    return {
      definition: { name: 'web' },
      events: { emit: (event: VmctlEventBody) => events.push(event) },
    } as unknown as UpContext;
  }

  it('are frozen and named', () => {
    const hooks = createHooks();
    expect(Object.isFrozen(hooks)).toBe(true);
    expect(Object.isFrozen(hooks.up)).toBe(true);
    expect(hooks.up.prepare.name).toBe('vmctl.up.prepare');
    expect(hooks.hypervisor.for('qemu').name).toBe('vmctl.hypervisor.qemu');
  });

  it.each([
    ['tapPromise', `host.hooks.up.ready.tapPromise('x', async () => { throw new Error('boom'); });`],
    ['tapAsync', `host.hooks.up.ready.tapAsync('x', (ctx, done) => done(new Error('boom')));`],
    ['tap', `host.hooks.up.ready.tap('x', () => { throw new Error('boom'); });`],
  ])('say which plugin and hook an error of %s comes from', async (_how, body) => {
    const plugins = system([await plugin('faulty', { up: true }, body)]);
    await plugins.activatePipeline();
    await expect(plugins.host.hooks.up.ready.promise(context())).rejects.toMatchObject({
      code: 'VMCTL_PLUGIN_FAILED',
      message: 'The plugin faulty failed in the hook vmctl.up.ready: boom',
      details: { plugin: 'faulty', hook: 'vmctl.up.ready' },
      cause: expect.objectContaining({ message: 'boom' }),
    });
  });

  it('leave an error that is meant for users as it is', async () => {
    const plugins = system([
      await plugin(
        'careful',
        { up: true },
        `host.hooks.up.ready.tapPromise('x', async () => {
           throw host.error('ACME_NO_LICENCE', { message: 'There is no licence.' });
         });`,
      ),
    ]);
    await plugins.activatePipeline();
    await expect(plugins.host.hooks.up.ready.promise(context())).rejects.toMatchObject({
      code: 'ACME_NO_LICENCE',
      plugin: 'careful',
      hook: 'vmctl.up.ready',
    });
  });

  it('run every tap of `failed`, and turn their errors into warnings', async () => {
    const plugins = system([
      await plugin(
        'cleaner',
        { up: true },
        `host.hooks.up.failed.tapPromise('one', async () => { throw new Error('boom'); });
         host.hooks.up.failed.tapAsync('two', (ctx, done) => done(new Error('bang')));
         host.hooks.up.failed.tap('three', (ctx) => { ctx.detail = 'cleaned'; });`,
      ),
    ]);
    await plugins.activatePipeline();
    const events: VmctlEventBody[] = [];
    const ctx = context(events);
    await plugins.host.hooks.up.failed.promise(ctx);
    expect(ctx.detail).toBe('cleaned');
    expect(events.map((event) => event.type === 'warning' && event.message)).toEqual([
      expect.stringContaining('boom'),
      expect.stringContaining('bang'),
    ]);
  });

  it('are tapped by pipeline plugins in the order of their names', async () => {
    const body = (mark: string): string =>
      `host.hooks.up.done.tap('${mark}', (ctx) => { ctx.detail = (ctx.detail ?? '') + '${mark}'; });`;
    const plugins = system([
      await plugin('b', { up: true }, body('b')),
      await plugin('a', { up: true }, body('a')),
    ]);
    await plugins.activatePipeline();
    const ctx = context();
    await plugins.host.hooks.up.done.promise(ctx);
    expect(ctx.detail).toBe('ab');
  });

  it('are tapped in the order of the plugins, whichever is loaded first, and before core', async () => {
    const mark = (name: string, stage = 0): string =>
      `host.hooks.up.done.tap({ name: 'x', stage: ${stage} }, (ctx) => { ctx.detail += '${name}'; });`;
    const plugins = system([
      await plugin('a', { vmNodes: ['a'], up: 'vmNodes' }, `${mark('a')} ${mark('(a late)', 1)}`),
      await plugin('b', { vmNodes: ['b'], up: 'vmNodes' }, `${mark('b')} ${mark('(b early)', -1)}`),
    ]);
    plugins.host.hooks.up.done.tap('vmctl', (ctx) => void (ctx.detail += '-core-'));
    for (const name of ['b', 'a']) await plugins.vmNode(name).catch(() => undefined); // they bring no node
    const ctx = context();
    ctx.detail = '';
    await plugins.host.hooks.up.done.promise(ctx);
    expect(ctx.detail).toBe('(b early)ab-core-(a late)');
  });

  it('are left alone by a plugin that waits for its VM nodes', async () => {
    const body = `host.hooks.up.done.tap('x', (ctx) => { ctx.detail = 'tapped'; });`;
    const plugins = system([await plugin('waiting', { vmNodes: ['labels'], up: 'vmNodes' }, body)]);
    await plugins.activatePipeline();
    expect(plugins.host.hooks.up.done.taps).toEqual([]);
  });
});
