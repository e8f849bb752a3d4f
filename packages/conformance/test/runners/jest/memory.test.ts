import { describe, it } from '@jest/globals';
import { tryMemory } from '../memory.ts';

await tryMemory({ describe, it });
