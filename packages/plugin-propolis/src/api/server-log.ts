import { open } from 'node:fs/promises';

/** Bytes of the end of a log that are looked at. */
const LOOKED_AT = 1024 * 1024;
/** Characters of a line that are shown. */
const LINE_LIMIT = 2_000;

/** What the server's log says about a request. */
export interface LogEntry {
  /** Why it failed, in the server's words. */
  readonly reason: string;
  /** The line as it stands, at most 2,000 characters of it. */
  readonly line: string;
}

/**
 * Looks up a request in a log of JSON lines: the last line about it that gives a cause, or else the last one. Lines that
 * are no JSON are passed over.
 *
 * @returns undefined when there is no such line, or no log that can be read
 */
export async function findLogEntry(path: string, requestId: string): Promise<LogEntry | undefined> {
  let found: LogEntry | undefined;
  let hasCause = false;
  for (const line of await lastLines(path)) {
    const entry = line.includes(requestId) ? parseLine(line) : undefined;
    if (entry === undefined || (entry['req_id'] !== requestId && entry['request_id'] !== requestId)) continue;
    const cause = textOf(entry['error_message_internal']);
    if (hasCause && cause === undefined) continue;
    hasCause = cause !== undefined;
    found = {
      reason: cause ?? textOf(entry['error']) ?? textOf(entry['msg']) ?? 'no reason',
      line: shorten(line),
    };
  }
  return found;
}

/**
 * The last lines of the server's output, for people: of JSON lines the message with its error, others as they are.
 *
 * @returns the empty string when there is no log that can be read
 */
export async function logTail(path: string, count = 10): Promise<string> {
  const lines = (await lastLines(path)).filter((line) => line.trim() !== '').slice(-count);
  return lines
    .map((line) => {
      const entry = parseLine(line);
      const message = textOf(entry?.['msg']);
      if (entry === undefined || message === undefined) return shorten(line);
      const error = textOf(entry['error_message_internal']) ?? textOf(entry['error']);
      return shorten(error === undefined ? message : `${message}: ${error}`);
    })
    .join('\n');
}

async function lastLines(path: string): Promise<readonly string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - LOOKED_AT);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first one may be cut.
    return start === 0 ? lines : lines.slice(1);
  } catch {
    // The log only helps to explain another failure.
    return [];
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // An object of JSON has its fields by name.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function shorten(line: string): string {
  return line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)}…` : line;
}
