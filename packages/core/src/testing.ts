/**
 * For the tests of plugins: what vmctl gives to a plugin, in memory and under the test's control. Works with every test
 * runner. Errors that only the fakes make have codes that begin with `FAKE_`.
 *
 * @packageDocumentation
 */
export * from './testing/contexts.js';
export * from './testing/decode-node.js';
export * from './testing/event-recorder.js';
export * from './testing/fake-exec.js';
export * from './testing/fake-files.js';
export * from './testing/fake-guest-session.js';
export * from './testing/fake-host.js';
export * from './testing/fake-hypervisor.js';
export { createRealHost, type RealHostOptions } from './testing/real-host.js';
export type { FakeFault } from './testing/fault-plan.js';
