import { describe, it } from '@jest/globals';
import { expectTypeOf } from 'expect-type';
import type {
  Exec,
  GuestAddress,
  GuestSession,
  Hypervisor,
  ImageSource,
  ImageStream,
  PluginHost,
  PluginManifest,
  Provisioner,
  Stage,
  UpContext,
  UpHooks,
  VmctlEventBody,
  VmctlPlugin,
  VmDefinition,
  VmFileNode,
  VmHandle,
  VmNode,
} from '../../../src/plugin.js';

/** What is written here has to compile; `tsc -p tsconfig.test.json` is the judge. */
declare const host: PluginHost;
declare const node: VmFileNode;
declare const ctx: UpContext;

/** Compiled and never called: there is no host. */
const compiled = (_write: () => unknown): void => undefined;

describe('the types of the plugin API', () => {
  it('let a plugin be written without one annotation', () => {
    compiled(() => {
      const plugin: VmctlPlugin = {
        name: 'acme',
        apiVersion: 1,
        apply({ hooks, error }) {
          hooks.provisioner.for('nix').tapPromise('acme', async ({ type }) => ({
            type,
            decode: (step) => ({ flake: step.string('flake') }),
            async run(config, { guest: session, signal }) {
              expectTypeOf(config).toBeUnknown();
              const { exitCode } = await session.exec(['true'], { signal });
              if (exitCode !== 0) throw error('ACME_FAILED', { message: 'It failed.', hint: 'Try again.' });
            },
          }));
          hooks.up.ready.tapPromise({ name: 'acme', stage: 100 }, async (context) => {
            expectTypeOf(context).toEqualTypeOf<UpContext>();
          });
        },
      };
      return plugin;
    });
    expectTypeOf<ReturnType<VmctlPlugin['apply']>>().toEqualTypeOf<void | Promise<void>>();
  });

  it('give a backend its settings as what it has declared them', () => {
    const read = (given: PluginHost) =>
      given.backendSettings('acme', {
        binary: { type: 'program', description: 'The program.' },
        mode: { type: 'word', words: ['fast', 'safe'], default: 'safe', description: 'How it works.' },
        level: { type: 'integer', least: 0, most: 9, description: 'How much of it.' },
        sandbox: { type: 'switch', default: true, description: 'Whether it is locked in.' },
      });
    expectTypeOf<Awaited<ReturnType<ReturnType<typeof read>>>>().toEqualTypeOf<{
      readonly binary: string | undefined;
      readonly mode: 'fast' | 'safe';
      readonly level: number | undefined;
      readonly sandbox: boolean;
    }>();
    compiled(() => {
      // @ts-expect-error a word needs its words
      host.backendSettings('acme', { mode: { type: 'word', description: '' } });
      // @ts-expect-error there is no such type
      host.backendSettings('acme', { mode: { type: 'list', description: '' } });
      return undefined;
    });
  });

  it('tie a provisioner’s run to what its decode returns', () => {
    expectTypeOf<Provisioner<{ flake: string }>['decode']>().returns.toEqualTypeOf<{ flake: string }>();
    expectTypeOf<Provisioner<{ flake: string }>['run']>().parameter(0).toEqualTypeOf<{ flake: string }>();
    compiled(() => {
      const nix: Provisioner<{ flake: string }> = {
        type: 'nix',
        // @ts-expect-error -- decode has to give what run takes
        decode: () => ({ flake: 5 }),
        run: async () => {},
      };
      return nix;
    });
  });

  it('give a VM node all its nodes, and its result to `extensions` without a promise about it', () => {
    expectTypeOf<VmNode['decode']>().parameter(0).toEqualTypeOf<readonly VmFileNode[]>();
    expectTypeOf<VmDefinition['extensions'][string]>().toBeUnknown();
    compiled(() => {
      const asynchronous: VmNode<string> = {
        name: 'labels',
        // @ts-expect-error -- reading is synchronous: files and networks are not its business
        decode: async () => 'label',
      };
      return asynchronous;
    });
  });

  it('say that a setting may be missing', () => {
    compiled(() => {
      const word = node.oneOf('a', ['x', 'y']);
      expectTypeOf(word).toEqualTypeOf<'x' | 'y' | undefined>();
      expectTypeOf(node.string('a', { required: true })).toEqualTypeOf<string | undefined>();
      expectTypeOf(node.child('a')).toEqualTypeOf<VmFileNode | undefined>();
      // @ts-expect-error -- a check says what is wrong, it does not answer true or false
      node.string('a', { check: (value: string) => value !== '' });
    });
  });

  it('say in which stages what of the context is there', () => {
    expectTypeOf<keyof UpHooks>().toEqualTypeOf<Stage | 'done' | 'failed'>();
    expectTypeOf<UpContext['guest']>().toEqualTypeOf<GuestSession | undefined>();
    expectTypeOf<UpContext['handle']>().toEqualTypeOf<VmHandle | undefined>();
    compiled(() => {
      // @ts-expect-error -- the guest is there from `ready` on, and not for every VM
      void ctx.guest.exec('true');
      // @ts-expect-error -- what the VMFile says is nobody's to change
      ctx.definition.vcpus = 2;
    });
  });

  it('do not let a plugin replace hooks or what the host gives', () => {
    compiled(() => {
      // @ts-expect-error -- hooks are tapped, not replaced
      host.hooks.up.ready = host.hooks.up.done;
      // @ts-expect-error -- there is one exec for everybody
      host.exec = async () => ({ exitCode: 0, stdout: '', stderr: '' });
      // @ts-expect-error -- a stage has a name, and this is none
      return host.hooks.up.boot;
    });
    expectTypeOf<PluginHost['apiVersion']>().toEqualTypeOf<1>();
  });

  it('keep commands out of shells on the host, and leave the choice in the guest', () => {
    expectTypeOf<Parameters<Exec>>().toMatchTypeOf<[string, readonly string[], object?]>();
    expectTypeOf<GuestSession['exec']>().parameter(0).toEqualTypeOf<string | readonly string[]>();
    compiled(() => {
      // @ts-expect-error -- a program and its arguments, never a command line
      void host.exec('ls -l');
    });
  });

  it('make a backend answer for every call', () => {
    expectTypeOf<Hypervisor['destroy']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<Hypervisor['guestAddress']>().returns.resolves.toEqualTypeOf<GuestAddress>();
    expectTypeOf<ImageSource['open']>().returns.resolves.toEqualTypeOf<ImageStream>();
    compiled(() => {
      // @ts-expect-error -- a backend that cannot stop a VM is none
      const partial: Hypervisor = { name: 'warp', prepare: async () => ({}) as VmHandle };
      return partial;
    });
  });

  it('know every event by its type', () => {
    type Failed = Extract<VmctlEventBody, { type: 'stage.failed' }>;
    expectTypeOf<Failed['durationMs']>().toBeNumber();
    compiled(() => {
      // @ts-expect-error -- there is no such event
      ctx.events.emit({ type: 'stage.stopped', vm: 'web' });
    });
  });

  it('let a manifest say when its taps are needed', () => {
    expectTypeOf<PluginManifest['contributes']['up']>().toEqualTypeOf<boolean | 'vmNodes' | undefined>();
  });
});
