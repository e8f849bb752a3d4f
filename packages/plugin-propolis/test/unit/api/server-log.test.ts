import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findLogEntry, logTail } from '../../../src/api/server-log.js';
import { useTemporaryDirectory } from '../../support/temporary-directory.js';

const directory = useTemporaryDirectory();

async function log(...lines: readonly (string | object)[]): Promise<string> {
  const path = join(directory.path, 'server.log');
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  await writeFile(path, `${text.join('\n')}\n`);
  return path;
}

describe('the log of a server', () => {
  it('says why a request failed: its last line with a cause', async () => {
    const cause = { req_id: 'r1', msg: 'request completed', error_message_internal: 'no memory' };
    const path = await log(
      { req_id: 'r1', msg: 'accepted' },
      'thread panicked at src/main.rs, about r1',
      cause,
      { req_id: 'r2', msg: 'request completed', error_message_internal: 'of another request' },
      { req_id: 'r1', msg: 'connection closed' },
      { req_id: 'r3', msg: 'of r1 it is not', error_message_internal: 'that of r1 was another' },
    );
    expect(await findLogEntry(path, 'r1')).toEqual({ reason: 'no memory', line: JSON.stringify(cause) });
  });

  it('gives what there is where no line has a cause', async () => {
    const path = await log({ request_id: 'r1', msg: 'gave up', error: 'disk is busy' });
    expect(await findLogEntry(path, 'r1')).toMatchObject({ reason: 'disk is busy' });
    expect(await findLogEntry(path, 'r2')).toBeUndefined();
    expect(await findLogEntry(join(directory.path, 'none'), 'r1')).toBeUndefined();
  });

  it('is read from its end, however long it is', async () => {
    const path = await log({ req_id: 'r1', error_message_internal: 'long ago' });
    await appendFile(path, `${'x'.repeat(2 ** 20)}\n`);
    await appendFile(path, `${JSON.stringify({ req_id: 'r2', error_message_internal: 'just now' })}\n`);
    expect(await findLogEntry(path, 'r1')).toBeUndefined();
    expect(await findLogEntry(path, 'r2')).toMatchObject({ reason: 'just now' });
    // Of a line that begins before that there is only a part.
    expect((await logTail(path)).split('\n')).toHaveLength(1);
  });

  it('ends with its last words, the JSON of which people need not read', async () => {
    const path = await log(
      'too early',
      { msg: 'listening' },
      '',
      { msg: 'request completed', error_message_internal: 'no memory' },
      'thread panicked',
      'y'.repeat(3000),
    );
    expect(await logTail(path, 4)).toBe(
      `listening\nrequest completed: no memory\nthread panicked\n${'y'.repeat(2000)}…`,
    );
    expect(await logTail(join(directory.path, 'none'))).toBe('');
  });
});
