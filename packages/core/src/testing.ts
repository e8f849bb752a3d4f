/**
 * For the tests of plugins: a guest that is only pretended.
 *
 * @packageDocumentation
 */
export { FakeFiles } from './testing/fake-files.js';
export { FakeGuestSession } from './testing/fake-guest-session.js';
