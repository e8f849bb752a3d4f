import { describe, it } from 'vitest';
import { tryMemory } from '../memory.ts';

await tryMemory({ describe, it });
