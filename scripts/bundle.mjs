// Replaces the compiled vmfile/kdl-parser.js of core by a bundle of itself, kdljs and chevrotain.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleKdlParser } from './kdl-parser/bundle.mjs';
import { repositoryRoot } from './processes.mjs';

const { values } = parseArgs({ options: { outdir: { type: 'string' } } });
await bundleKdlParser(resolve(values.outdir ?? join(repositoryRoot, 'packages/core/dist/vmfile')));
