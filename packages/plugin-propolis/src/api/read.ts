import {
  type Instance,
  INSTANCE_STATES,
  type InstanceState,
  type ObservedState,
  type SerialHistory,
} from './types.js';

/**
 * Answers of the server as typed values, read once. What is not as it must be throws a SyntaxError that names it.
 */

type Fields = Readonly<Record<string, unknown>>;

/** The body of GET /instance. */
export function readInstance(body: string): Instance {
  const instance = object(object(json(body), 'the answer')['instance'], 'instance');
  const properties = object(instance['properties'], 'instance.properties');
  return {
    id: text(properties['id'], 'instance.properties.id'),
    name: text(properties['name'], 'instance.properties.name'),
    state: state(instance['state'], 'instance.state'),
  };
}

/** The body of GET /instance/state-monitor. */
export function readObservedState(body: string): ObservedState {
  const answer = object(json(body), 'the answer');
  return { gen: count(answer['gen'], 'gen'), state: state(answer['state'], 'state') };
}

/** The body of GET /instance/serial/history. */
export function readSerialHistory(body: string): SerialHistory {
  const answer = object(json(body), 'the answer');
  const data = answer['data'];
  if (!Array.isArray(data)) throw new SyntaxError('data is no list of numbers');
  return {
    data: Uint8Array.from(data, (byte: unknown) => {
      if (typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
      throw new SyntaxError(`data has ${JSON.stringify(byte)}, which is no byte`);
    }),
    endOffset: count(answer['last_byte_offset'], 'last_byte_offset'),
  };
}

/**
 * A control frame of the serial console: the VM goes on elsewhere.
 *
 * @returns undefined for one that says something else
 */
export function readMigration(
  frame: string,
): { readonly destination: string; readonly fromStart: number } | undefined {
  const migrating = object(json(frame), 'the frame')['Migrating'];
  if (migrating === undefined) return undefined;
  const fields = object(migrating, 'Migrating');
  return {
    destination: text(fields['destination'], 'Migrating.destination'),
    fromStart: count(fields['from_start'], 'Migrating.from_start'),
  };
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    const shown = body.slice(0, 80).replaceAll(/\s+/g, ' ');
    throw new SyntaxError(shown === '' ? 'it is empty' : `it is no JSON: ${shown}`);
  }
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError(`${what} is no object`);
  }
  // An object of JSON has its fields by name.
  return value as Fields;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new SyntaxError(`${what} is no text`);
  return value;
}

function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new SyntaxError(`${what} is no count`);
  }
  return value;
}

function state(value: unknown, what: string): InstanceState {
  const found = INSTANCE_STATES.find((known) => known === value);
  if (found === undefined) throw new SyntaxError(`${what} is ${JSON.stringify(value)}, which is no state`);
  return found;
}
