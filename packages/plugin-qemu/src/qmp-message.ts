/** The version that QEMU greets with. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
  readonly micro: number;
  /** The distribution's name for it; may be empty. */
  readonly package: string;
}

/** Something that happened in QEMU; `data` is what the QMP reference says for `name`. */
export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970, or undefined when QEMU could not read its clock. */
  readonly time: number | undefined;
}

/** One line of QMP, parsed (QEMU: docs/interop/qmp-spec). */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: QemuVersion }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly class: string; readonly description: string }
  | { readonly kind: 'event'; readonly event: QmpEvent };

/**
 * Parses one line.
 *
 * @throws SyntaxError for what is not a QMP message
 */
export function parseQmpMessage(line: string): QmpMessage {
  const message: unknown = JSON.parse(line);
  if (!isObject(message)) throw new SyntaxError('a QMP message is a JSON object');
  if (isObject(message['QMP'])) return { kind: 'greeting', version: parseVersion(message['QMP']['version']) };
  if ('return' in message) return { kind: 'return', id: message['id'], value: message['return'] };
  const { error, event, data, timestamp } = message;
  if (isObject(error)) {
    return {
      kind: 'error',
      id: message['id'],
      class: typeof error['class'] === 'string' ? error['class'] : 'GenericError',
      description: typeof error['desc'] === 'string' ? error['desc'] : 'no description',
    };
  }
  if (typeof event === 'string') {
    return {
      kind: 'event',
      event: { name: event, data: isObject(data) ? data : {}, time: parseTime(timestamp) },
    };
  }
  throw new SyntaxError('neither a greeting nor a reply nor an event');
}

function parseVersion(value: unknown): QemuVersion {
  const version = isObject(value) ? value : {};
  const qemu = isObject(version['qemu']) ? version['qemu'] : {};
  const number = (name: string): number => {
    const part = qemu[name];
    return typeof part === 'number' && Number.isInteger(part) ? part : 0;
  };
  return {
    major: number('major'),
    minor: number('minor'),
    micro: number('micro'),
    package: typeof version['package'] === 'string' ? version['package'] : '',
  };
}

/** QEMU writes -1 for both parts when it has no time. */
function parseTime(value: unknown): number | undefined {
  if (!isObject(value)) return undefined;
  const { seconds, microseconds } = value;
  if (typeof seconds !== 'number' || typeof microseconds !== 'number' || seconds < 0) return undefined;
  return seconds * 1000 + Math.max(0, microseconds) / 1000;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
