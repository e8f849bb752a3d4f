import { EXIT } from '../errors/registry.js';

/** Ends a process that only shows something and cannot any more: well, when its reader just went away. */
export function endWithLostOutput(error: NodeJS.ErrnoException): never {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT.failure);
}
