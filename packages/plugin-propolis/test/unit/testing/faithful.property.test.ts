import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Exchange, exchange } from '../../../src/api/exchange.js';
import { acceptSpec } from '../../../src/testing/spec-rules.js';
import { anEnsureRequest, useFakeServers } from '../../support/fakes.js';
import { describeWithOpenApi } from '../../support/openapi.js';

const lab = useFakeServers();

/** All places in a JSON value, as lists of keys. */
function placesIn(value: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...at, key]))];
}

/** A copy with something else in one place; undefined takes it out. */
function changed(value: unknown, at: readonly string[], to: unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return to;
  // A place is a way through objects and lists.
  const copy = structuredClone(value) as Record<string, unknown>;
  const inner = changed(copy[key], rest, to);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

const accepts = (body: unknown): boolean => {
  try {
    acceptSpec(body, 5);
    return true;
  } catch {
    return false;
  }
};

describeWithOpenApi('a fake propolis-server', (document) => {
  it('accepts nothing that the published document refuses', () => {
    const request: unknown = JSON.parse(JSON.stringify(anEnsureRequest()));
    const places = placesIn(request);
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.option(fc.jsonValue(), { nil: undefined }), (at, to) => {
        const body = changed(request, at, to);
        if (body === undefined || !accepts(body)) return;
        accepted += 1;
        const sent = { method: 'PUT', path: '/instance', body: JSON.stringify(body) };
        expect(document.problemsOfRequest(sent)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    // Texts and counts can be others.
    expect(accepted).toBeGreaterThan(10);
  });

  it('answers as the published document says, also when it refuses', async () => {
    const server = await lab.server();
    const { signal } = new AbortController();
    const statuses = new Set<number>();
    const ask = async (method: Exchange['method'], where: string, value?: unknown): Promise<void> => {
      const body = value === undefined ? undefined : JSON.stringify(value);
      const headers = { 'api-version': '5.0.0' };
      const answer = await exchange(server.address, { method, path: where, headers, body, signal });
      statuses.add(answer.status);
      const problems = document.problemsOfAnswer({ method, path: where }, answer);
      expect({ method, where, status: answer.status, problems }).toMatchObject({ problems: [] });
    };
    const everything = async (): Promise<void> => {
      await ask('GET', '/instance');
      await ask('GET', '/instance/spec');
      await ask('GET', '/instance/migration-status');
      await ask('GET', '/instance/serial/history?from_start=0');
      await ask('GET', '/instance/serial/history');
      await ask('GET', '/instance/state-monitor', { gen: 1 });
      await ask('GET', '/instance/state-monitor');
      await ask('POST', '/instance/nmi');
      await ask('PUT', '/instance/state', 'Reboot');
      await ask('PUT', '/instance/state', 'Pause');
    };
    await everything();
    await ask('PUT', '/instance', {});
    await ask('PUT', '/instance', anEnsureRequest());
    await ask('PUT', '/instance', anEnsureRequest());
    await everything();
    await ask('PUT', '/instance/state', 'Run');
    await ask('GET', '/instance/state-monitor', { gen: 3 });
    await everything();
    await ask('GET', '/instance/state-monitor', { gen: 5 });
    await ask('PUT', '/instance/state', 'Stop');
    await ask('GET', '/instance/state-monitor', { gen: 8 });
    await ask('GET', '/instance/state-monitor', { gen: 9 });
    await everything();
    server.fail('get');
    await ask('GET', '/instance');
    expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 201, 204, 400, 403, 409, 410, 424, 500]);
  });
});
