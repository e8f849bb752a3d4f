/**
 * `npm test`: everything that this machine can run, also right after `git clone`. Further arguments go to jest:
 *
 *   npm test -- --selectProjects unit --testPathPatterns qmp
 */
import { availableParallelism } from 'node:os';
import { bootstrap } from './bootstrap.mjs';
import { main, run, toolEnvironment } from './processes.mjs';

/** One more than there are processors: most test files wait for processes and guests more than they compute. */
const workers = Math.min(4, availableParallelism() + 1);

await main(async () => {
  await bootstrap('test');
  const args = process.argv.slice(2);
  const limit = args.some((arg) => /^(-w|-i|--maxWorkers|--runInBand)/.test(arg))
    ? []
    : [`--maxWorkers=${workers}`];
  await run('node', ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...limit, ...args], {
    env: { ...toolEnvironment(), NODE_NO_WARNINGS: '1' },
  });
});
