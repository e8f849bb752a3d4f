/**
 * The program that keeps the console log of one VM: `node recorder-program.js RECORDING`, where RECORDING is JSON. It waits
 * for a line on its input first, which tells that it is on record; without one it ends.
 */
import { record, type Recording } from './recording.js';

async function isOnRecord(): Promise<boolean> {
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    if (chunk.includes('\n')) return true;
  }
  return false;
}

const stopped = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopped.abort());
// A terminal that is closed is not its business.
process.on('SIGHUP', () => undefined);

if (await isOnRecord()) {
  // Written by startRecorder of the same version.
  const recording = JSON.parse(process.argv[2] ?? '') as Recording;
  await record(recording, { signal: stopped.signal });
}
