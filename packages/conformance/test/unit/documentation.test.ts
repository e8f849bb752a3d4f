import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hypervisorChecks, imageSourceChecks, provisionerChecks } from '../../src/index.js';

describe('docs/plugins/conformance.md', () => {
  it('lists every check, in its order, with what holds', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../../docs/plugins/conformance.md'), 'utf8');
    // Prettier does not wrap list items, but other editors may.
    const listed = [...text.replaceAll(/\n {2}/g, ' ').matchAll(/^- `([a-z-]+)`: (.+)$/gm)]
      .map(([, id, title]) => ({ id, title }))
      .filter(({ id }) => id?.includes('-'));
    expect(listed).toEqual([...hypervisorChecks, ...provisionerChecks, ...imageSourceChecks]);
  });
});
