/**
 * What plugins are written against: types only, `import type { … } from '@vmctl/core/plugin'`.
 *
 * @packageDocumentation
 */
export type * from './plugins/contract.js';
export type * from './plugins/factory-context.js';
export type { UpHooks, VmctlHooks } from './plugins/hooks.js';
export type * from './plugins/up-context.js';
export type * from './config/backend-setting.js';
export type * from './hypervisor/contract.js';
export type * from './hypervisor/declared-settings.js';
export type * from './hypervisor/inspection.js';
export type * from './provisioner/contract.js';
export type * from './guest/contract.js';
export type * from './images/contract.js';
export type * from './events/events.js';
export type * from './vmfile/node.js';
export type * from './vmfile/vm-node.js';
export type * from './vmfile/model.js';
export type * from './vmfile/plugin-requirement.js';
export type { Exec, ExecOptions, ExecResult } from './host/exec.js';
export type { Logger } from './host/logger.js';
export type { ProcessIdentity, ProcessTable } from './host/process-contract.js';
export type { VmctlErrorOptions, VmctlErrorShape } from './errors/vmctl-error.js';
