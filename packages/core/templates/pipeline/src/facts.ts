import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PluginHost, UpContext } from '@vmctl/core/plugin';
import { type FactsConfig, node } from './node.js';

/** Commands by the names of their facts. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  kernel: ['uname', '-sr'],
  machine: ['uname', '-m'],
  hostname: ['hostname'],
};

/** Asks the guest what it is, and writes the answers to the file that the VM's node names. */
export async function collectFacts(ctx: UpContext, host: PluginHost): Promise<void> {
  // A VM without the node is not ours. What is there is what `decode` has returned.
  const config = ctx.definition.extensions[node.name] as FactsConfig | undefined;
  if (config === undefined) return;
  const { guest, signal, definition } = ctx;
  if (guest === undefined) {
    throw host.error('TEMPLATE_WORD_NO_GUEST', {
      message: `The facts of ${definition.name} cannot be collected: it cannot be logged in to.`,
      hint: `Give it an "ssh" or a "cloud-init" block, or remove its "${node.name}".`,
    });
  }
  const facts: Record<string, string> = { name: definition.name, user: guest.user };
  for (const [name, command] of Object.entries(QUESTIONS)) {
    const { exitCode, stdout, stderr } = await guest.exec(command, { signal });
    if (exitCode !== 0) {
      throw host.error('TEMPLATE_WORD_FAILED', {
        message: `"${command.join(' ')}" failed in ${definition.name}: ${stderr.trim() || `exit code ${exitCode}`}`,
        hint: `Look at the guest: vmctl ssh ${definition.name}`,
      });
    }
    facts[name] = stdout.trim();
  }
  await mkdir(dirname(config.file), { recursive: true });
  await host.files.writeAtomic(config.file, `${JSON.stringify(facts, null, 2)}\n`, 0o644);
}
