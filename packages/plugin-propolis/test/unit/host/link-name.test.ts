import { expect, it } from '@jest/globals';
import { linkNameFor, linkNameProblem } from '../../../src/host/link-name.js';

it.each(['vmctl7', 'net0', 'a_b_c10', 'v'.repeat(30) + '1', 'web4294967294'])(
  '%s is a link’s name',
  (name) => {
    expect(linkNameProblem(name)).toBeUndefined();
  },
);

it.each([
  ['v'.repeat(31) + '1', 'has 32 characters'],
  ['web', 'does not end in a digit'],
  ['7web1', 'does not begin with a letter'],
  ['_web1', 'does not begin with a letter'],
  ['', 'does not begin with a letter'],
  ['my-web1', 'others than letters, digits and _'],
  ['web.1', 'others than letters, digits and _'],
  ['wéb1', 'others than letters, digits and _'],
  ['web01', 'leading zero'],
  ['web4294967295', 'too large'],
])('%j is none: it %s', (name, problem) => {
  expect(linkNameProblem(name)).toContain(problem);
});

it('gives two work directories two names', () => {
  expect(linkNameFor('/vms/web')).not.toBe(linkNameFor('/vms/db'));
});
