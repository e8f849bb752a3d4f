import { VmctlError } from '../errors/vmctl-error.js';
import type { GuestSession, SshAccess } from '../guest/contract.js';
import { loginKeyPaths } from '../guest/login-keys.js';
import { sshAccess } from '../guest/ssh-command.js';
import type { VmHandle } from '../hypervisor/contract.js';
import type { UpContext } from '../plugins/up-context.js';
import { runSteps } from '../provisioner/step-runner.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { declaredKey } from './login.js';
import type { StageServices } from './stage-services.js';
import { handleOf } from './start-stage.js';

/** Runs the steps of the VMFile, and keeps which of them have succeeded. */
export async function provisionVm(ctx: UpContext, services: StageServices): Promise<void> {
  const { definition, guest, events, signal } = ctx;
  const handle = handleOf(ctx);
  if (definition.provision.length === 0) return;
  if (guest === undefined) {
    throw new VmctlError('VMCTL_GUEST_UNREACHABLE', {
      message: `${definition.name} has provisioning steps, but there is no way to log in to it.`,
      hint: 'Steps need SSH: use another network than "none", and an `ssh` or `cloud-init` block.',
    });
  }
  await runSteps({
    vm: {
      name: definition.name,
      id: handle.id,
      hostname: definition.cloudInit?.hostname ?? definition.name,
    },
    steps: definition.provision,
    ...services.steps,
    // `vmctl provision` leaves a VM that was whole before as it is for `up`.
    upRunsAgain: services.steps === undefined || handle.up_pending === true,
    provisioners: (type) => services.plugins.provisioner(type),
    guest,
    ssh: await accessFor(ctx, handle, guest, services),
    baseDir: ctx.baseDir,
    logPath: workDirFiles(handle.work_dir).provisionLog,
    records: handle.provisioned ?? {},
    saveRecord: async (step, record) => {
      await services.registry.update(handle.name, (current) =>
        current === undefined
          ? undefined
          : { ...current, provisioned: { ...current.provisioned, [step]: record } },
      );
    },
    events,
    signal,
    log: ctx.log.child('provision'),
  });
}

/** The way that vmctl itself has taken to the guest; its host key is pinned since. */
async function accessFor(
  { definition }: UpContext,
  handle: VmHandle,
  guest: GuestSession,
  services: StageServices,
): Promise<SshAccess> {
  const files = workDirFiles(handle.work_dir);
  return sshAccess({
    vm: definition.name,
    address: guest.address,
    user: guest.user,
    keyPaths: await loginKeyPaths({
      declaredKey: await declaredKey(definition, services.login),
      generatedKey: files.privateKey,
      homeDir: services.homeDir,
      agentSocket: services.env['SSH_AUTH_SOCK'],
    }),
    knownHostsPath: files.knownHosts,
  });
}
