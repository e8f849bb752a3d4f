/**
 * The tools of the fake host as programs: `node fake-illumos-program.ts TOOL ARGUMENTS…`, with the state in the directory
 * FAKE_ILLUMOS_STATE.
 */
import { FakeIllumos } from './fake-illumos.js';

const [tool = '', ...args] = process.argv.slice(2);
const directory = process.env['FAKE_ILLUMOS_STATE'];
if (directory === undefined) throw new Error('FAKE_ILLUMOS_STATE is not set');
const { exitCode, stdout, stderr } = new FakeIllumos(directory).run(tool, args);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
