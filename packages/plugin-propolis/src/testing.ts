/**
 * For tests of what speaks to a propolis-server: one that runs in memory, keeps to the rules of the real one, and does as
 * the test says.
 *
 * @packageDocumentation
 */
export {};
