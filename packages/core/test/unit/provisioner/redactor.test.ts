import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VmctlError } from '../../../src/errors/vmctl-error.js';
import { redactError } from '../../../src/provisioner/redact-error.js';
import { Redactor } from '../../../src/provisioner/redactor.js';

function redactorFor(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  secrets.forEach((secret) => redactor.add(secret));
  return redactor;
}

function inPieces(redactor: Redactor, pieces: readonly string[]): string {
  const stream = redactor.stream();
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
}

describe('a redactor', () => {
  it.each([
    ['password=hunter2;', ['hunter2'], 'password=***;'],
    ['no secret here', ['hunter2'], 'no secret here'],
    ['a.b*c', ['.b*'], 'a***c'],
    ['abcdef', ['abc', 'abcdef'], '***'],
    ['tokentoken', ['token'], '******'],
    ['anything', ['', '  ', '\n'], 'anything'],
    ['hunter2', ['hunter2\n'], '***'],
  ])('makes of %j without %j: %j', (text, secrets, expected) => {
    const redactor = redactorFor(...secrets);
    expect(redactor.text(text)).toBe(expected);
    expect(inPieces(redactor, [text])).toBe(expected);
    expect(inPieces(redactor, text.split(''))).toBe(expected);
  });

  it('takes each longer line of a secret as one, but not its braces', () => {
    const redactor = redactorFor('{\n  "key": "abcdefgh"\n}\n');
    expect(redactor.text('a { b } "key": "abcdefgh" c')).toBe('a { b } *** c');
  });

  it('replaces secrets wherever the text is cut, as in the whole text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 12 }),
        fc.array(letters, { maxLength: 4 }),
        (pieces, secrets) => {
          const redactor = redactorFor(...secrets);
          expect(inPieces(redactor, pieces)).toBe(redactor.text(pieces.join('')));
        },
      ),
    );
  });

  it('never keeps back more than the longest secret', () => {
    const stream = redactorFor('secret').stream();
    expect(stream.push('x'.repeat(1000))).toHaveLength(1000);
    expect(stream.push('abc secre')).toBe('abc ');
    expect(stream.push(' no')).toBe('secre no');
  });

  it('takes secrets that become known in the middle of a text', () => {
    const redactor = new Redactor();
    const stream = redactor.stream();
    expect(stream.push('token ')).toBe('token ');
    redactor.add('token');
    expect(stream.push('token')).toBe('***');
  });
});

describe('an error without secrets', () => {
  const error = new VmctlError('VMCTL_SOME', {
    message: 'login with hunter2 failed',
    hint: 'try hunter2 again',
    details: { command: 'login hunter2', list: [{ hunter2: 'hunter2' }], code: 3 },
    cause: Object.assign(new Error('ECONN hunter2'), { code: 'ECONN', cause: 'said hunter2' }),
  });

  it('has them neither in its texts, nor its details, nor its causes', () => {
    const redacted = redactError(error, redactorFor('hunter2'));
    expect(redacted).toMatchObject({
      code: 'VMCTL_SOME',
      message: 'login with *** failed',
      hint: 'try *** again',
      details: { command: 'login ***', list: [{ '***': '***' }], code: 3 },
      cause: { message: 'ECONN ***', code: 'ECONN', cause: { message: 'said ***' } },
    });
    expect(redacted.stack).not.toContain('hunter2');
  });

  it('is the same error when there are no secrets', () => {
    expect(redactError(error, new Redactor())).toBe(error);
  });
});
