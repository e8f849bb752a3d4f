/**
 * Resolves a URL in a process of its own: `DIR URL`. Says "progress" at the first bytes, and at the end the result as
 * JSON, with the most memory that the process had (`maxRss`, bytes).
 */
import { createStore } from './image-stores.js';

const [directory = '', url = ''] = process.argv.slice(2);
let said = false;
const image = await createStore(directory).resolve(
  { kind: 'url', url },
  {
    vm: 'child',
    signal: new AbortController().signal,
    events: {
      emit: () => {
        if (!said) process.stdout.write('progress\n');
        said = true;
      },
    },
  },
);
process.stdout.write(`${JSON.stringify({ ...image, maxRss: process.resourceUsage().maxRSS * 1024 })}\n`);
