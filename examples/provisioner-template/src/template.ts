import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ProvisionContext, Provisioner } from '@vmctl/core/plugin';
import { decodeTemplate, readValues, type TemplateConfig } from './config.js';
import { messageOf, render } from './render.js';

/** How long removing what was uploaded may take; an abort leaves little time. */
const REMOVE_MS = 3_000;

/** `provision "template"`: fills in a template on the host and writes the result into the guest. */
export const template: Provisioner<TemplateConfig> = {
  type: 'template',
  decode: decodeTemplate,

  async inputs({ source, valuesFile }, _ctx) {
    return [source, valuesFile].flatMap((path) =>
      path === undefined ? [] : [{ kind: 'file' as const, path }],
    );
  },

  async run(config, ctx) {
    const text = await fillIn(config, ctx);
    const written = await install(text, config, ctx);
    await ctx.output.stdout(`${config.destination} ${written}\n`);
  },
};

async function fillIn(
  { source, valuesFile, values }: TemplateConfig,
  ctx: ProvisionContext,
): Promise<string> {
  const { name, hostname } = ctx.vm;
  try {
    const fromFile = valuesFile === undefined ? {} : readValues(valuesFile);
    return render(await readFile(source, 'utf8'), {
      vm: { name, hostname },
      values: { ...fromFile, ...values },
    });
  } catch (error) {
    throw ctx.error('TEMPLATE_NOT_RENDERED', {
      message: `${basename(source)} cannot be filled in: ${messageOf(error)}`,
      hint: 'A template can use vm.name, vm.hostname, and what stands in "values" and in the "values-file" as values.NAME.',
      cause: error,
    });
  }
}

/**
 * Puts a file in place in one step, by a rename: whoever reads it meanwhile sees the old or the new one. The login user
 * may write to few places, so `sudo` is used where it may not.
 */
const INSTALL = `from=$1 to=$2 mode=$3
if cmp -s "$from" "$to"; then
  echo unchanged
  exit
fi
dir=$(dirname "$to")
while [ ! -e "$dir" ]; do dir=$(dirname "$dir"); done
[ -w "$dir" ] && as= || as='sudo -n'
$as install -D -m "$mode" "$from" "$to.vmctl" && $as mv -f "$to.vmctl" "$to" && echo written`;

async function install(
  text: string,
  { destination, mode }: TemplateConfig,
  ctx: ProvisionContext,
): Promise<string> {
  const { guest, signal } = ctx;
  const uploaded = `/tmp/vmctl-template-${randomUUID()}`;
  try {
    await guest.writeFile(uploaded, text, { signal });
    const words = ['sh', '-c', INSTALL, 'sh', uploaded, destination, mode.toString(8)];
    const { exitCode, stdout, stderr } = await guest.exec(words, { signal });
    if (exitCode === 0) return stdout.trim();
    throw ctx.error('TEMPLATE_NOT_WRITTEN', {
      message: `${destination} could not be written: ${stderr.trim() || `exit code ${exitCode}`}`,
      hint: `See what is there: vmctl ssh ${ctx.vm.name} -- ls -ld ${destination}`,
      details: { command: `install ${destination}`, exitCode },
    });
  } finally {
    await guest
      .remove(uploaded, { signal: AbortSignal.timeout(REMOVE_MS) })
      // Without a connection it stays, until the guest's /tmp is emptied.
      .catch((error: unknown) => ctx.log.debug(`could not remove ${uploaded}`, messageOf(error)));
  }
}
