import { readFile } from 'node:fs/promises';
import type { PluginHost, ProvisionContext, Provisioner } from '@vmctl/core/plugin';
import { playbookArguments, playbookEnvironment } from './command.js';
import { type AnsibleConfig, decodeAnsible } from './config.js';
import { explain, failureOf } from './failure.js';
import { ansibleCfgOf, inputsOf } from './inputs.js';
import { makeRunDirectory } from './run-directory.js';

/** `provision "ansible"`: runs `ansible-playbook` of this machine for the guest. */
export function createAnsible(
  host: Pick<PluginHost, 'exec' | 'env' | 'sockets' | 'log'>,
): Provisioner<AnsibleConfig> {
  return {
    type: 'ansible',
    decode: decodeAnsible,
    inputs: (config, { baseDir }) => inputsOf(config, baseDir, host.env),

    async run(config, ctx) {
      const { ssh, vm, baseDir, signal, output } = ctx;
      if (ssh === undefined) {
        throw ctx.error('ANSIBLE_NO_SSH', {
          message: `${vm.name} is not reached over SSH, which Ansible needs.`,
          hint: 'Use another provisioner for this guest, `shell` for example.',
        });
      }
      const variables = { ...config.extraVars, ...secretsOf(config, host.env, ctx) };
      await redactVaultPassword(config, ctx);
      const ansibleCfg = await ansibleCfgOf(config, baseDir, host.env);
      const directory = await makeRunDirectory(host, { vm: vm.name, ssh, groups: config.groups, variables });
      try {
        const { files } = directory;
        const result = await host
          .exec('ansible-playbook', playbookArguments(config, files, vm.name), {
            cwd: baseDir,
            env: playbookEnvironment(config, files, ansibleCfg),
            // An abort ends it with all that it has started.
            signal,
            // A playbook may take hours; the user has Ctrl-C.
            timeoutMs: 0,
            allowFailure: true,
            onStdout: (chunk) => output.stdout(chunk),
            onStderr: (chunk) => output.stderr(chunk),
          })
          .catch((error: unknown) => {
            throw explain(error, ctx);
          });
        const failure = failureOf(config, result, ctx);
        if (failure !== undefined) throw failure;
        return { exitCode: result.exitCode };
      } finally {
        await directory.remove();
      }
    },
  };
}

/** The values of `secret-vars`, which are not shown from now on. */
function secretsOf(
  { secretVars }: AnsibleConfig,
  env: PluginHost['env'],
  ctx: ProvisionContext,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(secretVars).map(([name, variable]) => {
      const value = env[variable];
      if (value === undefined) {
        throw ctx.error('ANSIBLE_SECRET_MISSING', {
          message: `"${name}" takes its value from $${variable}, which is not set.`,
          hint: `Set it before you run vmctl: export ${variable}=…`,
        });
      }
      ctx.redact(value);
      return [name, value];
    }),
  );
}

/** A playbook that prints the password would print it everywhere. Programs that print one may be named as well. */
async function redactVaultPassword(
  { vaultPasswordFile }: AnsibleConfig,
  ctx: ProvisionContext,
): Promise<void> {
  if (vaultPasswordFile === undefined) return;
  const password = (await readFile(vaultPasswordFile, 'utf8').catch(() => '')).trim();
  if (password !== '' && !password.startsWith('#!')) ctx.redact(password);
}
