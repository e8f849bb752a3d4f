import { describe, it } from 'node:test';
import { tryMemory } from '../memory.ts';

await tryMemory({ describe, it });
