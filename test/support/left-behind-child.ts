/**
 * Starts what tests start, says where it is in a line of JSON, and waits to be killed: the port of an sshd, the process of a
 * tmux server, the root of a home with a VM, and the directories of these.
 */
import { NoopProject } from './noop-project.js';
import { Tmux } from './tmux.js';

const project = await NoopProject.create({ plugins: 'none' });
const { home, sshd } = project;
await home.write(project.vm('web'));
const { code, stderr } = await project.vmctl('up');
if (code !== 0) throw new Error(stderr);
const tmux = await Tmux.create({ cwd: home.project, env: home.env });
const { pid: terminal, directory } = tmux;
const directories = [directory, sshd.directory, home.root];
process.stdout.write(`${JSON.stringify({ port: sshd.port, terminal, home: home.root, directories })}\n`);
