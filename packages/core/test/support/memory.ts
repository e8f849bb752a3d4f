import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/**
 * Bytes that something still holds, of the heap and of buffers.
 *
 * What a process takes from the system says less: how much garbage lies around in it depends on when the machine lets
 * V8's threads work.
 */
export function memoryInUse(): number {
  if (typeof collect !== 'function') throw new Error('this Node.js cannot collect garbage on demand');
  // Buffers are given back by a thread, which the second collection waits for.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The most memory in use while bytes pass through, looked at every so many of them. */
export class MemoryWatch {
  readonly #everyBytes: number;
  readonly #before = memoryInUse();
  #next: number;
  #bytes = 0;
  #growth = 0;

  constructor(everyBytes: number) {
    this.#everyBytes = everyBytes;
    this.#next = everyBytes;
  }

  /** How far it was above what it was at first. */
  get growth(): number {
    return this.#growth;
  }

  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#next) return;
    this.#next = this.#bytes + this.#everyBytes;
    this.#growth = Math.max(this.#growth, memoryInUse() - this.#before);
  }
}
