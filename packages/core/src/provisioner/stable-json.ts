/**
 * JSON in which equal values are equal texts: keys are sorted. What JSON cannot say (a bigint, a Map, a Set, bytes)
 * is written so that it differs from everything else; functions and `undefined` are left out, as JSON does.
 *
 * @throws TypeError for a value that contains itself
 */
export function stableJson(value: unknown): string {
  return JSON.stringify(plain(value, [])) ?? 'null';
}

function plain(value: unknown, path: readonly unknown[]): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (path.includes(value)) throw new TypeError('The configuration of the step contains itself.');
  const below = [...path, value];
  const each = (item: unknown): unknown => plain(item, below);
  if (hasToJson(value)) return each(value.toJSON());
  if (Array.isArray(value)) return value.map(each);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Map) return { $map: [...value].map(each) };
  if (value instanceof Set) return { $set: [...value].map(each) };
  if (value instanceof RegExp) return { $regexp: String(value) };
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, each(item)]),
  );
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return !(value instanceof Uint8Array) && 'toJSON' in value && typeof value.toJSON === 'function';
}
