import type { EventSink, VmctlEvent, VmctlEventBody } from './events.js';

export type EventListener = (event: VmctlEvent) => void;
/** A promise while a listener is behind, else undefined. Never rejects. */
export type ListenerPressure = () => Promise<void> | undefined;

/** Hands events to everybody who listens, in order, with the time they happened. */
export class EventStream implements EventSink {
  readonly #listeners = new Map<EventListener, ListenerPressure | undefined>();

  /** Returns the function that ends the subscription. */
  subscribe(listener: EventListener, pressure?: ListenerPressure): () => void {
    this.#listeners.set(listener, pressure);
    return () => this.#listeners.delete(listener);
  }

  emit(body: VmctlEventBody): void {
    const event: VmctlEvent = { ...body, time: new Date().toISOString() };
    for (const listener of this.#listeners.keys()) {
      try {
        listener(event);
      } catch {
        // A renderer that fails must not take a VM's pipeline with it.
      }
    }
  }

  pressure(): Promise<void> | undefined {
    const behind = [...this.#listeners.values()].flatMap((pressure) => pressure?.() ?? []);
    return behind.length === 0 ? undefined : Promise.all(behind).then(() => undefined);
  }
}
