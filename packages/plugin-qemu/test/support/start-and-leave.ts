/** Started by a test: starts the VM whose handle it is given, says its new handle, and ends. */
import { QemuBackend } from '../../src/qemu-backend.js';
import { createContext, createPluginHost } from './plugin-host.js';

const [root = '', handle = ''] = process.argv.slice(2);
const started = await new QemuBackend(createPluginHost(root)).start(JSON.parse(handle), createContext());
process.stdout.write(`${JSON.stringify(started)}\n`);
