import { isDeepStrictEqual } from 'node:util';
import { VmctlError } from '../errors/vmctl-error.js';
import type { EventSink, VmctlEvent, VmctlEventBody } from '../events/events.js';
import { DEFAULT_DEADLINE_MS, withDeadline } from './deadline.js';

/** Which events are meant: a type, fields that an event has to have, or a question. */
export type EventMatcher =
  VmctlEventBody['type'] | Readonly<Record<string, unknown>> | ((event: VmctlEvent) => boolean);

/** Remembers events, for tests of what emits them. Give it where an {@link EventSink} is wanted. */
export class EventRecorder implements EventSink {
  /** All events so far, in the order they came. */
  readonly events: VmctlEvent[] = [];
  readonly #watchers = new Set<(event: VmctlEvent) => void>();

  /** Called by what is tested. */
  emit(body: VmctlEventBody): void {
    const event: VmctlEvent = { ...body, time: new Date().toISOString() };
    this.events.push(event);
    for (const watch of this.#watchers) watch(event);
  }

  /** The types of all events so far. */
  get types(): readonly VmctlEventBody['type'][] {
    return this.events.map(({ type }) => type);
  }

  /** The events of one type. */
  ofType<T extends VmctlEventBody['type']>(type: T): readonly Extract<VmctlEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<VmctlEvent, { type: T }> => event.type === type);
  }

  /**
   * The first event that matches, at once when it came already.
   *
   * @throws FAKE_DEADLINE after `timeoutMs` (default 5000), with what came instead
   */
  async waitFor(
    matcher: EventMatcher,
    { timeoutMs = DEFAULT_DEADLINE_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<VmctlEvent> {
    const there = this.events.find((event) => matches(event, matcher));
    if (there !== undefined) return there;
    const { promise, resolve } = Promise.withResolvers<VmctlEvent>();
    const watch = (event: VmctlEvent): void => {
      if (matches(event, matcher)) resolve(event);
    };
    this.#watchers.add(watch);
    try {
      return await withDeadline(
        promise,
        timeoutMs,
        () => `There was no event ${show(matcher)}; there were: ${this.#seen()}.`,
      );
    } finally {
      this.#watchers.delete(watch);
    }
  }

  /**
   * Checks that these events came, in this order; others may be between them.
   *
   * @throws FAKE_EVENT_ORDER with the first that is missing or too early, and what came
   */
  expectOrder(...matchers: readonly EventMatcher[]): void {
    let from = 0;
    for (const [index, matcher] of matchers.entries()) {
      const at = this.events.findIndex((event, place) => place >= from && matches(event, matcher));
      if (at < 0) {
        const after = index === 0 ? '' : ` after ${show(matchers[index - 1])}`;
        throw new VmctlError('FAKE_EVENT_ORDER', {
          message: `There was no event ${show(matcher)}${after}; there were: ${this.#seen()}.`,
        });
      }
      from = at + 1;
    }
  }

  #seen(): string {
    return this.types.length === 0 ? 'none' : this.types.join(', ');
  }
}

function matches(event: VmctlEvent, matcher: EventMatcher): boolean {
  if (typeof matcher === 'string') return event.type === matcher;
  if (typeof matcher === 'function') return matcher(event);
  const fields = new Map<string, unknown>(Object.entries(event));
  return Object.entries(matcher).every(([name, value]) => isDeepStrictEqual(fields.get(name), value));
}

function show(matcher: EventMatcher | undefined): string {
  if (typeof matcher === 'string') return `"${matcher}"`;
  return typeof matcher === 'function' ? 'that the function wants' : JSON.stringify(matcher);
}
