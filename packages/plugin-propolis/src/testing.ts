/**
 * For tests of what speaks to a propolis-server: one that boots nothing, keeps to the rules of the real one, and does as
 * the test says, inside of the test or as a program of its own.
 *
 * @packageDocumentation
 */
export { type ServerAddress } from './api/exchange.js';
export { type InstanceState, type SerialOffset } from './api/types.js';
export { SerialBuffer } from './testing/serial-buffer.js';
export { type AcceptedSpec } from './testing/spec-rules.js';
export { type FakeHost } from './testing/fake-api.js';
export { logToFile, type LogSink } from './testing/fake-log.js';
export { FakePropolisServer } from './testing/fake-propolis-server.js';
export { type FakePropolisServerOptions, type FakeRequest } from './testing/fake-server-options.js';
export { FakeSerial } from './testing/fake-serial.js';
export { FAKE_STEPS, type FakeServerFault, type FakeStep } from './testing/faults.js';

/** The program `propolis-server`, to be run with Node.js: `run BOOTROM ADDRESS:PORT [VNC-ADDRESS:PORT]`. */
export const fakePropolisServerProgram: URL = new URL('./testing/propolis-server.js', import.meta.url);
