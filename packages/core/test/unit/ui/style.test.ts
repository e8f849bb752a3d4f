import { describe, expect, it } from '@jest/globals';
import { isLive } from '../../../src/ui/live-output.js';
import { wantsColors } from '../../../src/ui/style.js';

describe('colours', () => {
  it.each<[boolean, Record<string, string>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('on a terminal: %j, with %j: %j', (isTTY, env, answer) => {
    expect(wantsColors({ isTTY }, env)).toBe(answer);
  });
});

describe('lines that change', () => {
  it.each<[boolean, Record<string, string>, boolean]>([
    [true, { TERM: 'xterm' }, true],
    [false, { TERM: 'xterm' }, false],
    [true, { TERM: 'dumb' }, false],
    [true, { CI: 'true' }, false],
    [true, { CI: '1' }, false],
    [true, { CI: 'false' }, true],
    [true, { CI: '' }, true],
    // They are no matter of colours.
    [true, { NO_COLOR: '1' }, true],
  ])('on a terminal: %j, with %j: %j', (isTTY, env, answer) => {
    expect(isLive({ isTTY }, env)).toBe(answer);
  });
});
