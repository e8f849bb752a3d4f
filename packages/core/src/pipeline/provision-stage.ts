import { VmctlError } from '../errors/vmctl-error.js';
import type { UpContext } from '../plugins/up-context.js';
import { runSteps } from '../provisioner/step-runner.js';
import { workDirFiles } from '../state/work-dir-files.js';
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
    provisioners: (type) => services.plugins.provisioner(type),
    guest,
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
