import { VERSION_HEADER } from '../api/types.js';
import { FakeRefusal } from './fake-answer.js';

/**
 * The version that a request asks for.
 *
 * @param newest - that the server serves: `5.0.0`
 * @returns its first number
 */
export function requestedVersion(header: string | undefined, newest: string): number {
  if (header === undefined) throw new FakeRefusal(400, `missing expected header "${VERSION_HEADER}"`);
  const wanted = parse(header);
  if (wanted === undefined) throw new FakeRefusal(400, `bad value for header "${VERSION_HEADER}": ${header}`);
  const served = parse(newest) ?? [0, 0, 0];
  for (const [index, part] of wanted.entries()) {
    const limit = served[index] ?? 0;
    if (part < limit) break;
    if (part > limit) throw new FakeRefusal(400, `server does not support this API version: ${header}`);
  }
  return wanted[0] ?? 0;
}

function parse(version: string): readonly number[] | undefined {
  return /^\d+\.\d+\.\d+$/.test(version) ? version.split('.').map(Number) : undefined;
}
