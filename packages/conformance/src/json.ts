import assert from 'node:assert/strict';

/** The same value as it comes out of a JSON file. */
export function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Fails when a value would come back from a JSON file as another one. */
export function assertSurvivesJson(value: unknown, what: string): void {
  const found = whatGetsLost(value, '');
  assert.ok(found === undefined, `${what} does not survive JSON: ${found}`);
}

/** Where something is that JSON cannot hold, and what it is. A field that is undefined counts as one that is not there. */
function whatGetsLost(value: unknown, path: string): string | undefined {
  const here = path === '' ? 'it' : path.slice(1);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${here} is ${value}`;
  if (typeof value !== 'object') return `${here} is of type ${typeof value}`;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      const found = whatGetsLost(each, `${path}.${index}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  // By name: test runners have several realms, and each has its own Object.
  const kind: unknown = Object.getPrototypeOf(value)?.constructor?.name ?? 'Object';
  if (kind !== 'Object') return `${here} is an object of a class`;
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    const found = whatGetsLost(each, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
