import { describe, expect, it } from '@jest/globals';
import { parseChallenges, tokenOf, tokenUrl } from '../../../src/images/oci-token.js';

const bearer = (header: string) => parseChallenges(header)[0]?.parameters ?? new Map<string, string>();

describe('what a registry asks for', () => {
  it('is a token from the place that it names', () => {
    const header =
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"';
    expect(parseChallenges(header)).toHaveLength(1);
    expect(tokenUrl(bearer(header), 'a/b')?.href).toBe(
      'https://auth.example/token?service=registry.example&scope=repository%3Aa%2Fb%3Apull%2Cpush',
    );
  });

  it('is by default the right to pull', () => {
    const url = tokenUrl(bearer('bearer realm="https://auth.example/token?a=b"'), 'a/b');
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({ a: 'b', scope: 'repository:a/b:pull' });
  });

  it('may be one of several schemes', () => {
    const header = 'Basic realm="a, b c=d", Bearer realm="https://auth.example/token", service=x';
    expect(parseChallenges(header).map(({ scheme }) => scheme)).toEqual(['basic', 'bearer']);
    expect(parseChallenges(header)[1]?.parameters.get('service')).toBe('x');
  });

  it.each(['', 'Negotiate', 'nonsense, =', 'Bearer realm="file:///etc/passwd"', 'Bearer service="x"'])(
    'leads nowhere when it names no place: %s',
    (header) => {
      expect(tokenUrl(bearer(header), 'a')).toBeUndefined();
    },
  );
});

describe('a token', () => {
  it('is taken under either name', () => {
    expect(tokenOf(Buffer.from('{"token":"abc"}'))).toBe('abc');
    expect(tokenOf(Buffer.from('{"access_token":"def","token":""}'))).toBe('def');
  });

  it.each(['', '[]', '{"token":1}', '{"token":"a\\r\\nx: y"}', 'null'])('is none in %s', (answer) => {
    expect(tokenOf(Buffer.from(answer))).toBeUndefined();
  });
});
