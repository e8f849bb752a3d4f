import type { IncomingMessage } from 'node:http';
import { type FakeAnswer, FakeRefusal } from './fake-answer.js';
import type { FakeApi } from './fake-api.js';
import { parseJson } from './fake-body.js';
import type { FakeStep } from './faults.js';

/**
 * What the API answers to a request, when nothing is made to go wrong.
 *
 * @param request.major - the version of the API that was asked for
 */
export async function answerEndpoint(
  api: FakeApi,
  incoming: IncomingMessage,
  request: { readonly body: string; readonly major: number; readonly signal: AbortSignal },
): Promise<FakeAnswer | undefined> {
  const { body, major, signal } = request;
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://fake');
  switch (`${incoming.method} ${pathname}`) {
    case 'GET /instance':
      return { status: 200, body: { instance: api.describe() } };
    case 'GET /instance/spec': {
      const { properties, state } = api.describe();
      return { status: 200, body: { properties, state, spec: { type: 'Present', value: api.spec?.spec } } };
    }
    case 'PUT /instance':
      api.ensure(parseJson(incoming, body), major);
      return { status: 201, body: { migrate: null } };
    case 'PUT /instance/state':
      api.requestState(parseJson(incoming, body));
      return { status: 204 };
    case 'GET /instance/state-monitor':
      return api.monitor(parseJson(incoming, body), signal);
    case 'GET /instance/serial/history':
      return api.history(searchParams);
    case 'GET /instance/migration-status':
      api.describe();
      return { status: 200, body: { migration_in: null, migration_out: null } };
    case 'POST /instance/nmi':
      api.describe();
      return { status: 200, body: null };
    default:
      throw new FakeRefusal(404, 'Not Found');
  }
}

/** Which step a request is, for faults; undefined for one that never goes wrong. */
export function stepOf(what: string, body: string): FakeStep | undefined {
  if (what === 'GET /instance') return 'get';
  if (what === 'PUT /instance') return 'ensure';
  if (what === 'GET /instance/state-monitor') return 'monitor';
  if (what === 'GET /instance/serial/history') return 'history';
  if (what !== 'PUT /instance/state') return undefined;
  return body === '"Run"' ? 'run' : body === '"Stop"' ? 'stop' : body === '"Reboot"' ? 'reboot' : undefined;
}
