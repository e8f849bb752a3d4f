import { DataDir } from '../../../src/state/data-dir.js';
import { appendToJournal } from '../../../src/state/journal-file.js';
import { createProcessTable } from '../../../src/host/process-table.js';

/** Appends lines to a journal, each in a write of its own: `node … DIRECTORY NAME COUNT LIMIT`. */
const [path = '', name = '', count = '0', limit = '0'] = process.argv.slice(2);
const options = { dataDir: new DataDir(path), processes: createProcessTable(), limit: Number(limit) };
for (let index = 0; index < Number(count); index++) {
  // Long enough to be more than a page now and then.
  const filler = 'x'.repeat((index % 7) * 1000);
  await appendToJournal(
    `${JSON.stringify({ time: '2026-03-04T15:06:07Z', type: 'test', name, index, filler })}\n`,
    options,
  );
}
