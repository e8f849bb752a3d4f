import { AsyncSeriesBailHook, AsyncSeriesHook, HookMap } from 'tapable';
import type { Hypervisor } from '../hypervisor/contract.js';
import type { ImageSource, ImageSourceContext } from '../images/contract.js';
import type { Provisioner } from '../provisioner/contract.js';
import type { VmNode } from '../vmfile/vm-node.js';
import type { BackendContext, ProvisionerContext, VmNodeContext } from './factory-context.js';
import type { UpContext } from './up-context.js';

/** One hook a stage of `up`; each is called once a VM, in this order. */
export interface UpHooks {
  /** Image, keys, paths, checksums. */
  readonly resolve: AsyncSeriesHook<[UpContext]>;
  /** Work directory, seed, overlay, MAC, SSH port. */
  readonly prepare: AsyncSeriesHook<[UpContext]>;
  /** The backend starts the VM and its control channel answers. */
  readonly start: AsyncSeriesHook<[UpContext]>;
  /** Waits until the guest can be worked with. */
  readonly ready: AsyncSeriesHook<[UpContext]>;
  /** The steps run, one after the other. */
  readonly provision: AsyncSeriesHook<[UpContext]>;
  /** After the last stage of a VM that came up. */
  readonly done: AsyncSeriesHook<[UpContext]>;
  /** After a stage failed; `ctx.failure` says which and why. All taps run, whatever the others do. */
  readonly failed: AsyncSeriesHook<[UpContext]>;
}

/**
 * The whole extension surface of vmctl.
 *
 * Core's own work in `up` is a tap named `vmctl` at stage 0 of each hook: a plugin goes before it with a negative
 * `stage` (or `before: 'vmctl'`) and after it with a positive one.
 */
export interface VmctlHooks {
  /** Keyed by the backend's name. Called once a process for each, when it is first needed. */
  readonly hypervisor: HookMap<AsyncSeriesBailHook<[BackendContext], Hypervisor>>;
  /** Keyed by type. Called once a process for each, when a VMFile has a step of it. */
  readonly provisioner: HookMap<AsyncSeriesBailHook<[ProvisionerContext], Provisioner>>;
  /** Keyed by URL scheme, without the colon. */
  readonly imageSource: HookMap<AsyncSeriesBailHook<[ImageSourceContext], ImageSource>>;
  /** Keyed by the node's name. */
  readonly vmNode: HookMap<AsyncSeriesBailHook<[VmNodeContext], VmNode>>;
  /** The stages of `up`. */
  readonly up: UpHooks;
}

/** The tap name of core's own work. */
export const CORE_TAP = 'vmctl';

/** Makes a set of hooks, each with its name, frozen. */
export function createHooks(): VmctlHooks {
  const stage = (name: string) => new AsyncSeriesHook<[UpContext]>(['context'], `vmctl.up.${name}`);
  return Object.freeze({
    hypervisor: new HookMap(
      (type) =>
        new AsyncSeriesBailHook<[BackendContext], Hypervisor>(['context'], `vmctl.hypervisor.${type}`),
    ),
    provisioner: new HookMap(
      (type) =>
        new AsyncSeriesBailHook<[ProvisionerContext], Provisioner>(['context'], `vmctl.provisioner.${type}`),
    ),
    imageSource: new HookMap(
      (scheme) =>
        new AsyncSeriesBailHook<[ImageSourceContext], ImageSource>(
          ['context'],
          `vmctl.imageSource.${scheme}`,
        ),
    ),
    vmNode: new HookMap(
      (name) => new AsyncSeriesBailHook<[VmNodeContext], VmNode>(['context'], `vmctl.vmNode.${name}`),
    ),
    up: Object.freeze({
      resolve: stage('resolve'),
      prepare: stage('prepare'),
      start: stage('start'),
      ready: stage('ready'),
      provision: stage('provision'),
      done: stage('done'),
      failed: stage('failed'),
    }),
  });
}
