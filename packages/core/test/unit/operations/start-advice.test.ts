import { expect, it } from '@jest/globals';
import { startAdvice } from '../../../src/operations/start-advice.js';

it.each([
  ['stopped', 'Start it: vmctl start web'],
  ['suspended', 'Let it go on: vmctl resume web'],
  ['destroyed', '`vmctl up` makes it anew from its VMFile, `vmctl destroy web` forgets it'],
] as const)('what is %s runs again by what can work', (state, advice) => {
  expect(startAdvice('web', state)).toBe(advice);
});
