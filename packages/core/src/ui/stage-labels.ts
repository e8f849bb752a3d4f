import type { Stage } from '../events/events.js';

/** What the stages are called on screen. */
export const STAGE_LABELS: Readonly<Record<Stage, string>> = {
  resolve: 'image',
  prepare: 'prepare',
  start: 'start',
  ready: 'ready',
  provision: 'provision',
};
