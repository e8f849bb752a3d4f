/** A JSON object that was read and not looked into yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value that came out of `JSON.parse` is an object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
