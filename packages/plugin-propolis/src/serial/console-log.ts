import { open } from 'node:fs/promises';
import type { PluginHost } from '@vmctl/core/plugin';

/** Bytes from which on console.log is cut at a start, and what is kept of it then. */
const LOG_LIMIT = 16 * 1024 * 1024;
const LOG_KEPT = 4 * 1024 * 1024;

/**
 * Gets console.log ready for another boot: it is appended to, so what a guest wrote in many boots is cut to its last part,
 * at the start of a line. Gives its size, which is where the output of that boot begins.
 */
export async function prepareConsoleLog(
  path: string,
  files: PluginHost['files'],
  limits: { readonly limit: number; readonly kept: number } = { limit: LOG_LIMIT, kept: LOG_KEPT },
): Promise<number> {
  await using log = await open(path, 'a+', 0o600);
  const { size } = await log.stat();
  if (size <= limits.limit) return size;
  const { buffer, bytesRead } = await log.read(Buffer.alloc(limits.kept), 0, limits.kept, size - limits.kept);
  const end = buffer.subarray(0, bytesRead);
  const lines = end.subarray(end.indexOf(0x0a) + 1);
  await files.writeAtomic(path, lines);
  return lines.length;
}
