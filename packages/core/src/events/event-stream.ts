import type { EventSink, VmctlEvent, VmctlEventBody } from './events.js';

/**
 * @param how - `looks`: it is of work that only looks, which is no news to anybody but who asked for it
 */
export type EventListener = (event: VmctlEvent, how: { readonly looks: boolean }) => void;
/** A promise while a listener is behind, else undefined. Never rejects. */
export type ListenerPressure = () => Promise<void> | undefined;
/** Resolves when the listener has done its work with all events so far. Never rejects. */
export type ListenerSettled = () => Promise<void>;

interface Waits {
  readonly pressure: ListenerPressure | undefined;
  readonly settled: ListenerSettled | undefined;
}

/** Hands events to everybody who listens, in order, with the time they happened. */
export class EventStream implements EventSink {
  readonly #listeners = new Map<EventListener, Waits>();

  /** Returns the function that ends the subscription. */
  subscribe(listener: EventListener, pressure?: ListenerPressure, settled?: ListenerSettled): () => void {
    this.#listeners.set(listener, { pressure, settled });
    return () => this.#listeners.delete(listener);
  }

  /** For work that only looks: its events are shown, and not written down. */
  get ofLook(): EventSink {
    return {
      emit: (body) => this.#hand(body, true),
      pressure: () => this.pressure(),
    };
  }

  emit(body: VmctlEventBody): void {
    this.#hand(body, false);
  }

  #hand(body: VmctlEventBody, looks: boolean): void {
    const event: VmctlEvent = { ...body, time: new Date().toISOString() };
    for (const listener of this.#listeners.keys()) {
      try {
        listener(event, { looks });
      } catch {
        // A renderer that fails must not take a VM's pipeline with it.
      }
    }
  }

  pressure(): Promise<void> | undefined {
    const behind = [...this.#listeners.values()].flatMap(({ pressure }) => pressure?.() ?? []);
    return behind.length === 0 ? undefined : Promise.all(behind).then(() => undefined);
  }

  /** Resolves when everybody has done their work with all events so far: the end of a run waits for it. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all([...this.#listeners.values()].flatMap(({ settled }) => settled?.() ?? []));
  }
}
