/** What a registry asks for: one scheme of a `WWW-Authenticate` header. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEME = /(?:^|,)\s*(?<scheme>[a-z]+)\s+(?=[a-z_]+\s*=)/gi;
const PARAMETER = /(?<name>[a-z_]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"]+))/gi;

/** Reads a `WWW-Authenticate` header (RFC 9110, section 11.6.1). What is none is passed over. */
export function parseChallenges(header: string): readonly Challenge[] {
  // A comma may be within quotes; only outside of them it may come before a scheme.
  const hidden = header.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${'x'.repeat(quoted.length - 2)}"`);
  const starts = [...hidden.matchAll(SCHEME)];
  return starts.map((start, index) => {
    const from = start.index + start[0].length;
    const to = starts[index + 1]?.index ?? header.length;
    const parameters = new Map<string, string>();
    for (const { groups = {} } of header.slice(from, to).matchAll(PARAMETER)) {
      const { name = '', quoted, plain = '' } = groups;
      parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1'));
    }
    return { scheme: (start.groups?.['scheme'] ?? '').toLowerCase(), parameters };
  });
}

/** Where a token is to be had; undefined when the challenge does not say it. */
export function tokenUrl(parameters: Challenge['parameters'], repository: string): URL | undefined {
  const realm = parameters.get('realm') ?? '';
  if (!/^https?:/i.test(realm) || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', parameters.get('scope') ?? `repository:${repository}:pull`);
  return url;
}

/** The token in an answer; undefined when there is none that could be sent. */
export function tokenOf(bytes: Uint8Array): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { token, access_token: accessToken } = answer as Readonly<Record<string, unknown>>; // any object's fields may be looked at
  return [token, accessToken].find(
    (each): each is string => typeof each === 'string' && /^[\x21-\x7e]+$/.test(each),
  );
}
