/** The first bytes of a stream, and all of it. */
export async function peek(
  source: AsyncGenerator<Uint8Array, void, undefined>,
  bytes: number,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncGenerator<Uint8Array, void, undefined> }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < bytes) {
    const next = await source.next();
    if (next.done === true) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  const head = Buffer.concat(chunks);
  const all = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (head.length > 0) yield head;
      yield* source;
    } finally {
      // A reader may leave before the rest is begun.
      await source.return();
    }
  };
  return { head, all: all() };
}
