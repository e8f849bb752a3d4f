/**
 * vmctl as a library.
 *
 * @packageDocumentation
 */
export { Vmctl } from './vmctl.js';
export type { RuntimeOptions } from './operations/runtime.js';
export type { VmctlConfig } from './config/config-input.js';
export type { Configuration } from './config/configuration.js';
export type { ConfigLookup } from './config/find-config.js';
export { inspectConfiguration, loadConfiguration } from './config/load-configuration.js';
export type { Configured, Origin } from './config/origin.js';
export type {
  ConfigurationReport,
  ConfiguredSetting,
  DescribeConfigurationOptions,
} from './operations/describe-configuration.js';
export type { CreateOptions } from './operations/create.js';
export type { OneOffVm } from './vmfile/one-off-vm.js';
export type { ConsoleOutput, ConsoleSession } from './operations/console-session.js';
export type { ConsoleDescription, ConsoleOptions } from './operations/console.js';
export type { DestroyOptions } from './operations/destroy.js';
export type { DoctorFinding, Repair, RepairResult } from './operations/doctor/finding.js';
export type { DoctorReport } from './operations/doctor.js';
export type { DownOptions } from './operations/down.js';
export type { ExistingVmsOptions } from './operations/existing-vms.js';
export type { UnknownVariable } from './operations/unknown-variables.js';
export type { CopiedSource, CopyOptions, CopyProgress, CopyResult } from './operations/copy.js';
export type { EventsOptions, JournalEntry, ObservedEvent, VmChanged } from './operations/events.js';
export type { ExecOptions } from './operations/exec.js';
export type { FormatOptions, FormattedFile, FormattedText } from './operations/format.js';
export type { LoginOptions } from './operations/guest-login.js';
export type { ImageListing } from './operations/image-listing.js';
export type {
  PruneImagesOptions,
  PruneImagesResult,
  RemoveImagesOptions,
  RemoveImagesResult,
} from './operations/image-remove.js';
export type { PulledImage, PullImagesOptions } from './operations/images.js';
export type { CreatedVmFile, InitOptions } from './operations/init.js';
export type { VmListing } from './operations/list.js';
export type { LogChunk, LogName, LogOptions } from './operations/log.js';
export type { PlannedPlugin, PlannedVm, PlanOptions, ProjectPlan, RemovedVm } from './operations/plan.js';
export type { ChangeEffect, SettingChange } from './operations/plan/settings.js';
export type { StepPlan } from './operations/plan/steps.js';
export type { PlanAction } from './operations/plan/vm-plan.js';
export type { PruneResult } from './operations/project-plugin-use.js';
export type { ProjectRunOptions } from './operations/project-run.js';
export type { ProvisionOptions } from './operations/provision.js';
export type { RegisteredVmsOptions } from './operations/registered-vms.js';
export type { AddForwardOptions, ForwardChange, RemoveForwardOptions } from './operations/forwards.js';
export type { ForwardPattern } from './operations/forward-text.js';
export type { VmPort } from './operations/ports.js';
export type { RepairOptions } from './operations/doctor/repair.js';
export type { SshConfig, SshConfigHost, SshConfigOptions } from './operations/ssh-config.js';
export type { InstalledSshConfig } from './operations/ssh-config-install.js';
export type { SshCommand, SshOptions } from './operations/ssh.js';
export type { ProvisionedStep, VmStatus } from './operations/status.js';
export type { StopOptions } from './operations/stop.js';
export type { OperationResult } from './operations/operation-result.js';
export type { UpOptions } from './operations/up.js';
export type { WaitCondition, WaitOptions } from './operations/wait.js';
export type { ConfirmInstall, InstallRequest } from './project-plugins/prepare.js';
export type { MissingPlugin } from './project-plugins/survey.js';
export type { PluginPackage } from './plugins/manifest.js';
export { VmctlError, isVmctlError } from './errors/vmctl-error.js';
export { errorRegistry, type ErrorCode } from './errors/registry.js';
export type { StepSelection } from './provisioner/select-steps.js';
export type { VmFileProblem } from './vmfile/problem.js';
export type * from './plugin.js';
