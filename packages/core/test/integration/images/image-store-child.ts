/**
 * Resolves a URL in a process of its own: `DIR URL`. Says "progress" at the first bytes, and at the end the result as
 * JSON, with how far the memory in use was above that of the start whenever it heard of the progress (`growth`, bytes).
 */
import { memoryInUse } from '../../support/memory.js';
import { createStore } from './image-stores.js';

const [directory = '', url = ''] = process.argv.slice(2);
let said = false;
const before = memoryInUse();
let growth = 0;
const image = await createStore(directory).resolve(
  { kind: 'url', url },
  {
    vm: 'child',
    signal: new AbortController().signal,
    events: {
      emit: ({ type }) => {
        if (type !== 'progress') return;
        if (!said) process.stdout.write('progress\n');
        said = true;
        growth = Math.max(growth, memoryInUse() - before);
      },
    },
  },
);
process.stdout.write(`${JSON.stringify({ ...image, growth })}\n`);
