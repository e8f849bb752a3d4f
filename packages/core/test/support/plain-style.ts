import type { Style } from '../../src/ui/style.js';

const plain = (text: string): string => text;

/** No colours. */
export const plainStyle: Style = { good: plain, bad: plain, warn: plain, dim: plain, strong: plain };
