// Made by scripts/schema-types.mjs of packages/core/schemas.
export type CompletionSchema = { shell: 'bash' | 'zsh' | 'fish'; script: string };
export type ConfigOriginSchema =
  | { source: 'default' }
  | { source: 'flag'; flag: string }
  | { source: 'variable'; variable: string }
  | { source: 'project' | 'user'; file: string; line?: number; column?: number };
export type ConfigSchema = {
  ok: boolean;
  files: { project: string[]; user: string[]; foreign: string[]; userDirectory: string };
  settings: {
    key: string;
    value: (string | number | boolean | null) | string[];
    origin: ConfigOriginSchema;
    variable: string | null;
    flag: string | null;
    description: string;
  }[];
  ignored: { variable: string; near: string | null }[];
  problems: {
    file?: string;
    line?: number;
    column?: number;
    key?: string;
    variable?: string;
    message: string;
    hint?: string;
  }[];
  message: string | null;
};
export type ConsoleSchema = {
  vm: string;
  endpoint:
    | { kind: 'unix-socket'; path: string }
    | { kind: 'websocket'; url: string; headers: Record<string, string> }
    | { kind: 'none'; reason: string };
  log: { path: string; start: number } | null;
  holder: { pid: number; since: string } | null;
};
export type CpSchema = {
  vm: string;
  direction: 'upload' | 'download';
  copied: { source: string; target: string; bytes: number; resumedBytes: number }[];
};
export type CreateSchema = EventSchema | ErrorSchema;
export type DefinitionsErrorSchema = {
  code: string;
  message: string;
  hint?: string;
  details?: Record<string, unknown>;
  cause?: DefinitionsErrorSchema;
};
export type DefinitionsStageSchema = 'resolve' | 'prepare' | 'start' | 'ready' | 'provision';
export type DefinitionsOutcomeSchema =
  | 'up'
  | 'already-running'
  | 'updated'
  | 'created'
  | 'started'
  | 'restarted'
  | 'stopped'
  | 'already-stopped'
  | 'suspended'
  | 'already-suspended'
  | 'resumed'
  | 'provisioned'
  | 'running'
  | 'ready'
  | 'destroyed'
  | 'absent'
  | 'failed'
  | 'blocked'
  | 'interrupted';
export type DefinitionsVmResultSchema = {
  vm: string;
  outcome: DefinitionsOutcomeSchema;
  durationMs: number;
  stage?: DefinitionsStageSchema;
  error?: DefinitionsErrorSchema;
};
export type DefinitionsStateSchema =
  'preparing' | 'prepared' | 'running' | 'suspended' | 'stopped' | 'failed' | 'destroyed';
export type DefinitionsListedStateSchema =
  'preparing' | 'prepared' | 'running' | 'suspended' | 'stopped' | 'failed' | 'destroyed' | 'unknown';
export type DefinitionsNetworkSchema =
  { type: 'user' } | { type: 'tap'; bridge: string } | { type: 'vnic'; name?: string } | { type: 'none' };
export type DefinitionsPortForwardSchema = { address: string; host: number; guest: number };
export type DefinitionsGuestAddressSchema =
  { kind: 'tcp'; host: string; port: number; source: string } | { kind: 'none'; reason: string };
export type DefinitionsImageSchema = {
  name: string;
  url: string;
  sha256: string;
  format: 'qcow2' | 'raw';
  virtualSize: number;
  downloadSize: number;
  size: number;
  diskUsage: number;
  fetchedAt: string;
  path: string;
  usedBy: string[];
};
export type DefinitionsContributesSchema = {
  hypervisors?: Record<string, { platforms: string[] }>;
  provisioners?: string[];
  imageSources?: string[];
  vmNodes?: string[];
  up?: true | false | 'vmNodes';
};
export type DefinitionsPluginProblemSchema = {
  code:
    | 'VMCTL_PLUGIN_API_VERSION'
    | 'VMCTL_PLUGIN_INVALID'
    | 'VMCTL_PLUGIN_LIST_CORRUPT'
    | 'VMCTL_PLUGIN_UNREADABLE';
  message: string;
  hint: string;
};
export type DefinitionsAddedPluginSchema = {
  name: string;
  version: string;
  root: string;
  from: string;
  replaced: string | null;
  unlinked: string | null;
  contributes: DefinitionsContributesSchema | null;
  problem: DefinitionsPluginProblemSchema | null;
};
export type DefinitionsPluginSchema = {
  name: string;
  version: string | null;
  origin: 'bundled' | 'installed' | 'linked';
  from: string | null;
  root: string;
  apiVersion: number | null;
  contributes: DefinitionsContributesSchema | null;
  problem: DefinitionsPluginProblemSchema | null;
};
export type DefinitionsForwardChangeSchema = {
  vm: string;
  forward: DefinitionsPortForwardSchema;
  changed: boolean;
  live: boolean;
  declared: boolean;
};
export type DefinitionsSshHostSchema = {
  host: string;
  port: number;
  user: string;
  identityFiles: string[];
  knownHostsFile: string;
  hostKeyAlias: string;
  vm: string;
  aliases: string[];
};
export type DefinitionsStepSchema = { index: number; count: number; name: string; provisioner: string };
export type DestroySchema = EventSchema | ErrorSchema;
export type DoctorFindingSchema = {
  id: string;
  status: 'ok' | 'warning' | 'error';
  title: string;
  detail?: string;
  fix?: string;
  group: 'plugins' | 'host' | 'state';
  repair?: DoctorRepairSchema;
};
export type DoctorRepairSchema =
  | { kind: 'restrict-permissions'; path: string; mode: '0600' | '0700' }
  | { kind: 'clear-lock'; path: string }
  | { kind: 'remove-half-made-vm'; vm: string }
  | { kind: 'remove-image-claims'; vms: string[] }
  | { kind: 'clean-image-cache' }
  | { kind: 'prune-project-plugins' }
  | { kind: 'install-plugins'; packages: string[] };
export type DoctorSchema = {
  ok: boolean;
  findings: DoctorFindingSchema[];
  repairs?: {
    repair: DoctorRepairSchema;
    outcome: 'mended' | 'unneeded' | 'busy' | 'failed';
    error?: DefinitionsErrorSchema;
  }[];
};
export type DownSchema = EventSchema | ErrorSchema;
export type ErrorSchema = { type?: 'error'; error: DefinitionsErrorSchema };
export type EventRunStartedSchema = { type: 'run.started'; time: string; operation: string; vms: string[] };
export type EventRunFinishedSchema = {
  type: 'run.finished';
  time: string;
  operation: string;
  ok: boolean;
  durationMs: number;
  vms: DefinitionsVmResultSchema[];
};
export type EventVmStartedSchema = { type: 'vm.started'; time: string; vm: string };
export type EventVmFinishedSchema = {
  type: 'vm.finished';
  time: string;
  vm: string;
  outcome: DefinitionsOutcomeSchema;
  durationMs: number;
  stage?: DefinitionsStageSchema;
  error?: DefinitionsErrorSchema;
};
export type EventStageStartedSchema = {
  type: 'stage.started';
  time: string;
  vm: string;
  stage: DefinitionsStageSchema;
};
export type EventStageFinishedSchema = {
  type: 'stage.finished';
  time: string;
  vm: string;
  stage: DefinitionsStageSchema;
  detail: string;
  durationMs: number;
};
export type EventStageFailedSchema = {
  type: 'stage.failed';
  time: string;
  vm: string;
  stage: DefinitionsStageSchema;
  error: DefinitionsErrorSchema;
  durationMs: number;
};
export type EventProgressSchema = {
  type: 'progress';
  time: string;
  vm?: string;
  task: string;
  subject: string;
  done: number;
  total?: number;
};
export type EventPluginInstallingSchema = {
  type: 'plugin.installing';
  time: string;
  name: string;
  version: string;
};
export type EventPluginInstalledSchema = {
  type: 'plugin.installed';
  time: string;
  name: string;
  version: string;
  integrity: string;
  durationMs: number;
};
export type EventPluginLinkedSchema = {
  type: 'plugin.linked';
  time: string;
  name: string;
  version: string;
  path: string;
  range: string;
};
export type EventLockfileWrittenSchema = {
  type: 'lockfile.written';
  time: string;
  path: string;
  plugins: string[];
};
export type EventWarningSchema = {
  type: 'warning';
  time: string;
  vm?: string;
  code: string;
  message: string;
  hint?: string;
};
export type EventCheckStartedSchema = { type: 'check.started'; time: string; vm: string; check: string };
export type EventCheckPassedSchema = {
  type: 'check.passed';
  time: string;
  vm: string;
  check: string;
  durationMs: number;
};
export type EventStepStartedSchema = {
  type: 'step.started';
  time: string;
  vm: string;
  step: DefinitionsStepSchema;
};
export type EventStepOutputSchema = {
  type: 'step.output';
  time: string;
  vm: string;
  step: DefinitionsStepSchema;
  stream: 'stdout' | 'stderr';
  text: string;
};
export type EventStepFinishedSchema = {
  type: 'step.finished';
  time: string;
  vm: string;
  step: DefinitionsStepSchema;
  durationMs: number;
};
export type EventStepSkippedSchema = {
  type: 'step.skipped';
  time: string;
  vm: string;
  step: DefinitionsStepSchema;
  reason: string;
};
export type EventStepFailedSchema = {
  type: 'step.failed';
  time: string;
  vm: string;
  step: DefinitionsStepSchema;
  error: DefinitionsErrorSchema;
  durationMs: number;
};
export type EventSchema =
  | EventRunStartedSchema
  | EventRunFinishedSchema
  | EventVmStartedSchema
  | EventVmFinishedSchema
  | EventStageStartedSchema
  | EventStageFinishedSchema
  | EventStageFailedSchema
  | EventProgressSchema
  | EventPluginInstallingSchema
  | EventPluginInstalledSchema
  | EventPluginLinkedSchema
  | EventLockfileWrittenSchema
  | EventWarningSchema
  | EventCheckStartedSchema
  | EventCheckPassedSchema
  | EventStepStartedSchema
  | EventStepOutputSchema
  | EventStepFinishedSchema
  | EventStepSkippedSchema
  | EventStepFailedSchema;
export type EventsRunStartedSchema = {
  type: EventRunStartedSchema['type'];
  time: EventRunStartedSchema['time'];
  operation: EventRunStartedSchema['operation'];
  vms: EventRunStartedSchema['vms'];
  source: EventsSourceSchema;
};
export type EventsRunFinishedSchema = {
  type: EventRunFinishedSchema['type'];
  time: EventRunFinishedSchema['time'];
  operation: EventRunFinishedSchema['operation'];
  ok: EventRunFinishedSchema['ok'];
  durationMs: EventRunFinishedSchema['durationMs'];
  vms: EventRunFinishedSchema['vms'];
  source: EventsSourceSchema;
};
export type EventsVmStartedSchema = {
  type: EventVmStartedSchema['type'];
  time: EventVmStartedSchema['time'];
  vm: EventVmStartedSchema['vm'];
  source: EventsSourceSchema;
};
export type EventsVmFinishedSchema = {
  type: EventVmFinishedSchema['type'];
  time: EventVmFinishedSchema['time'];
  vm: EventVmFinishedSchema['vm'];
  outcome: EventVmFinishedSchema['outcome'];
  durationMs: EventVmFinishedSchema['durationMs'];
  stage?: EventVmFinishedSchema['stage'];
  error?: EventVmFinishedSchema['error'];
  source: EventsSourceSchema;
};
export type EventsStageStartedSchema = {
  type: EventStageStartedSchema['type'];
  time: EventStageStartedSchema['time'];
  vm: EventStageStartedSchema['vm'];
  stage: EventStageStartedSchema['stage'];
  source: EventsSourceSchema;
};
export type EventsStageFinishedSchema = {
  type: EventStageFinishedSchema['type'];
  time: EventStageFinishedSchema['time'];
  vm: EventStageFinishedSchema['vm'];
  stage: EventStageFinishedSchema['stage'];
  detail: EventStageFinishedSchema['detail'];
  durationMs: EventStageFinishedSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsStageFailedSchema = {
  type: EventStageFailedSchema['type'];
  time: EventStageFailedSchema['time'];
  vm: EventStageFailedSchema['vm'];
  stage: EventStageFailedSchema['stage'];
  error: EventStageFailedSchema['error'];
  durationMs: EventStageFailedSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsProgressSchema = {
  type: EventProgressSchema['type'];
  time: EventProgressSchema['time'];
  vm?: EventProgressSchema['vm'];
  task: EventProgressSchema['task'];
  subject: EventProgressSchema['subject'];
  done: EventProgressSchema['done'];
  total?: EventProgressSchema['total'];
  source: EventsSourceSchema;
};
export type EventsPluginInstallingSchema = {
  type: EventPluginInstallingSchema['type'];
  time: EventPluginInstallingSchema['time'];
  name: EventPluginInstallingSchema['name'];
  version: EventPluginInstallingSchema['version'];
  source: EventsSourceSchema;
};
export type EventsPluginInstalledSchema = {
  type: EventPluginInstalledSchema['type'];
  time: EventPluginInstalledSchema['time'];
  name: EventPluginInstalledSchema['name'];
  version: EventPluginInstalledSchema['version'];
  integrity: EventPluginInstalledSchema['integrity'];
  durationMs: EventPluginInstalledSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsPluginLinkedSchema = {
  type: EventPluginLinkedSchema['type'];
  time: EventPluginLinkedSchema['time'];
  name: EventPluginLinkedSchema['name'];
  version: EventPluginLinkedSchema['version'];
  path: EventPluginLinkedSchema['path'];
  range: EventPluginLinkedSchema['range'];
  source: EventsSourceSchema;
};
export type EventsLockfileWrittenSchema = {
  type: EventLockfileWrittenSchema['type'];
  time: EventLockfileWrittenSchema['time'];
  path: EventLockfileWrittenSchema['path'];
  plugins: EventLockfileWrittenSchema['plugins'];
  source: EventsSourceSchema;
};
export type EventsWarningSchema = {
  type: EventWarningSchema['type'];
  time: EventWarningSchema['time'];
  vm?: EventWarningSchema['vm'];
  code: EventWarningSchema['code'];
  message: EventWarningSchema['message'];
  hint?: EventWarningSchema['hint'];
  source: EventsSourceSchema;
};
export type EventsCheckStartedSchema = {
  type: EventCheckStartedSchema['type'];
  time: EventCheckStartedSchema['time'];
  vm: EventCheckStartedSchema['vm'];
  check: EventCheckStartedSchema['check'];
  source: EventsSourceSchema;
};
export type EventsCheckPassedSchema = {
  type: EventCheckPassedSchema['type'];
  time: EventCheckPassedSchema['time'];
  vm: EventCheckPassedSchema['vm'];
  check: EventCheckPassedSchema['check'];
  durationMs: EventCheckPassedSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsStepStartedSchema = {
  type: EventStepStartedSchema['type'];
  time: EventStepStartedSchema['time'];
  vm: EventStepStartedSchema['vm'];
  step: EventStepStartedSchema['step'];
  source: EventsSourceSchema;
};
export type EventsStepOutputSchema = {
  type: EventStepOutputSchema['type'];
  time: EventStepOutputSchema['time'];
  vm: EventStepOutputSchema['vm'];
  step: EventStepOutputSchema['step'];
  stream: EventStepOutputSchema['stream'];
  text: EventStepOutputSchema['text'];
  source: EventsSourceSchema;
};
export type EventsStepFinishedSchema = {
  type: EventStepFinishedSchema['type'];
  time: EventStepFinishedSchema['time'];
  vm: EventStepFinishedSchema['vm'];
  step: EventStepFinishedSchema['step'];
  durationMs: EventStepFinishedSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsStepSkippedSchema = {
  type: EventStepSkippedSchema['type'];
  time: EventStepSkippedSchema['time'];
  vm: EventStepSkippedSchema['vm'];
  step: EventStepSkippedSchema['step'];
  reason: EventStepSkippedSchema['reason'];
  source: EventsSourceSchema;
};
export type EventsStepFailedSchema = {
  type: EventStepFailedSchema['type'];
  time: EventStepFailedSchema['time'];
  vm: EventStepFailedSchema['vm'];
  step: EventStepFailedSchema['step'];
  error: EventStepFailedSchema['error'];
  durationMs: EventStepFailedSchema['durationMs'];
  source: EventsSourceSchema;
};
export type EventsVmChangedSchema = {
  type: 'vm.changed';
  time: string;
  vm: string;
  from: DefinitionsStateSchema | null;
  to: DefinitionsStateSchema;
  detail: string | null;
};
export type EventsSourceSchema = { pid: number; operation: string };
export type EventsSchema =
  | EventsRunStartedSchema
  | EventsRunFinishedSchema
  | EventsVmStartedSchema
  | EventsVmFinishedSchema
  | EventsStageStartedSchema
  | EventsStageFinishedSchema
  | EventsStageFailedSchema
  | EventsProgressSchema
  | EventsPluginInstallingSchema
  | EventsPluginInstalledSchema
  | EventsPluginLinkedSchema
  | EventsLockfileWrittenSchema
  | EventsWarningSchema
  | EventsCheckStartedSchema
  | EventsCheckPassedSchema
  | EventsStepStartedSchema
  | EventsStepOutputSchema
  | EventsStepFinishedSchema
  | EventsStepSkippedSchema
  | EventsStepFailedSchema
  | EventsVmChangedSchema;
export type ExecSchema = {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  vm: string;
};
export type FmtSchema = {
  files: (
    | { path: string; outcome: 'formatted' | 'unchanged' | 'unformatted' }
    | { path: string; outcome: 'failed'; error: DefinitionsErrorSchema }
  )[];
  text?: string;
};
export type ForwardAddSchema = DefinitionsForwardChangeSchema;
export type ForwardRemoveSchema = DefinitionsForwardChangeSchema;
export type HelpEntrySchema = { name: string; summary: string };
export type HelpSchema =
  | { commands: HelpEntrySchema[]; topics: HelpEntrySchema[] }
  | { topic: string; summary: string; markdown: string }
  | {
      command: string;
      summary: string;
      description: string;
      aliases: string[];
      args: { name: string; description: string; required: boolean }[];
      flags: {
        name: string;
        char?: string;
        type: 'boolean' | 'option';
        description: string;
        options?: string[];
        required: boolean;
        multiple: boolean;
        negatable: boolean;
      }[];
      examples: { description: string; command: string }[];
      exitStatuses: { status: string; meaning: string }[];
    };
export type ImageInspectSchema = { images: DefinitionsImageSchema[] };
export type ImageListSchema = { images: DefinitionsImageSchema[] };
export type ImagePruneSchema = {
  removed: DefinitionsImageSchema[];
  kept: { image: DefinitionsImageSchema; reason: 'needed' | 'recent' | 'busy' }[];
  leftovers: string[];
  freedBytes: number;
  dryRun: boolean;
};
export type ImagePullSchema = {
  images: (
    | { url: string; outcome: 'downloaded' | 'cached' | 'unchanged'; image: DefinitionsImageSchema }
    | { url: string; outcome: 'failed'; error: DefinitionsErrorSchema }
  )[];
};
export type ImageRemoveSchema = {
  removed: DefinitionsImageSchema[];
  kept: { image: DefinitionsImageSchema; error: DefinitionsErrorSchema }[];
  freedBytes: number;
};
export type InitSchema = { path: string; vm: string; replaced: boolean };
export type ListVmSchema = {
  name: string;
  state: DefinitionsListedStateSchema;
  detail: string | null;
  backend: string;
  vcpus: number;
  memoryMb: number;
  network: DefinitionsNetworkSchema;
  pid: number | null;
  ssh: string | null;
  forwards: DefinitionsPortForwardSchema[];
  createdAt: string | null;
  vmfile: string | null;
  unfinished: boolean;
  problem: DefinitionsErrorSchema | null;
};
export type ListSchema = { vms: ListVmSchema[] };
export type LogSchema = { log: 'console' | 'provision'; text: string };
export type PlanVmSchema = {
  name: string;
  state:
    | 'preparing'
    | 'prepared'
    | 'running'
    | 'suspended'
    | 'stopped'
    | 'failed'
    | 'destroyed'
    | 'absent'
    | 'unknown';
  action: 'create' | 'start' | 'resume' | 'continue' | 'update' | 'none' | 'unknown';
  needs: 'restart' | 'recreate' | null;
  stages: DefinitionsStageSchema[];
  after: string[];
  image: PlanImageSchema | null;
  changes: PlanChangeSchema[];
  steps: PlanStepSchema[];
  busy: PlanBusySchema | null;
  problem: DefinitionsErrorSchema | null;
};
export type PlanImageSchema = { label: string; from: 'local' | 'cached' | 'fetch' | 'unpack' };
export type PlanChangeSchema = {
  setting: string;
  from: string | null;
  to: string | null;
  effect: 'now' | 'start' | 'restart' | 'recreate';
};
export type PlanStepSchema = {
  index: number;
  name: string;
  provisioner: string;
  action: 'run' | 'skip' | 'provision' | 'edited' | 'fail';
  reason: string;
};
export type PlanBusySchema = { purpose: string; pid: number };
export type PlanRemovedVmSchema = {
  name: string;
  state: 'preparing' | 'prepared' | 'running' | 'suspended' | 'stopped' | 'failed' | 'destroyed' | 'unknown';
};
export type PlanPluginSchema = { name: string; range: string; version: string | null };
export type PlanSchema = {
  vmfile: string;
  changes: boolean;
  ok: boolean;
  plugins: PlanPluginSchema[];
  vms: PlanVmSchema[];
  removed: PlanRemovedVmSchema[];
};
export type PluginsCreateSchema = {
  name: string;
  kind: 'provisioner' | 'backend' | 'image-source' | 'pipeline';
  type: string;
  directory: string;
  files: string[];
  usage: string;
};
export type PluginsInspectSchema = {
  name: DefinitionsPluginSchema['name'];
  version: DefinitionsPluginSchema['version'];
  origin: DefinitionsPluginSchema['origin'];
  from: DefinitionsPluginSchema['from'];
  root: DefinitionsPluginSchema['root'];
  apiVersion: DefinitionsPluginSchema['apiVersion'];
  contributes: DefinitionsPluginSchema['contributes'];
  problem: DefinitionsPluginSchema['problem'];
  description: string | null;
  license: string | null;
  homepage: string | null;
  entry: string | null;
  resolved: string | null;
  integrity: string | null;
  files: { path: string; bytes: number }[];
  dependencies: { name: string; range: string; version: string | null }[];
};
export type PluginsInstallSchema = { plugins: DefinitionsAddedPluginSchema[] };
export type PluginsLinkSchema = DefinitionsAddedPluginSchema;
export type PluginsPruneSchema = { removed: string[]; kept: string[] };
export type PluginsResetSchema = { removed: string[] };
export type PluginsUninstallSchema = {
  removed: string[];
  restored: { name: string; version: string | null }[];
  orphaned: { name: string; backend: string }[];
};
export type PluginsUpdateSchema = {
  plugins: {
    name: string;
    from: string;
    before: string | null;
    after: string | null;
    changed: boolean;
    problem: DefinitionsErrorSchema | null;
  }[];
};
export type PluginsSchema = { plugins: DefinitionsPluginSchema[] };
export type PortSchema = {
  ports: {
    address: string;
    host: number;
    guest: number;
    vm: string;
    state: DefinitionsListedStateSchema;
    use: 'ssh' | 'declared' | 'added';
  }[];
};
export type ProvisionSchema = EventSchema | ErrorSchema;
export type ReloadSchema = EventSchema | ErrorSchema;
export type RestartSchema = EventSchema | ErrorSchema;
export type ResumeSchema = EventSchema | ErrorSchema;
export type SshConfigSchema =
  | { hosts: DefinitionsSshHostSchema[]; leftOut: { vm: string; reason: string }[]; text: string }
  | {
      hosts: DefinitionsSshHostSchema[];
      leftOut: { vm: string; reason: string }[];
      text: string;
      installed: { file: string; userConfig: string; added: boolean };
    };
export type SshSchema = { file: string; args: string[] };
export type StartSchema = EventSchema | ErrorSchema;
export type StatusVmSchema = {
  name: ListVmSchema['name'];
  state: ListVmSchema['state'];
  detail: ListVmSchema['detail'];
  backend: ListVmSchema['backend'];
  vcpus: ListVmSchema['vcpus'];
  memoryMb: ListVmSchema['memoryMb'];
  network: ListVmSchema['network'];
  pid: ListVmSchema['pid'];
  ssh: ListVmSchema['ssh'];
  forwards: ListVmSchema['forwards'];
  createdAt: ListVmSchema['createdAt'];
  vmfile: ListVmSchema['vmfile'];
  unfinished: ListVmSchema['unfinished'];
  problem: ListVmSchema['problem'];
  id: string;
  workDir: string;
  image: string | null;
  diskGb: number | null;
  diskUsedBytes: number | null;
  mac: string | null;
  firmware: 'bios' | 'uefi';
  address: DefinitionsGuestAddressSchema | null;
  provisioned: Record<string, { fingerprint: string; definition?: string; finishedAt: string }>;
  live: StatusLiveSchema | null;
  busy: PlanVmSchema['busy'];
};
export type StatusLiveSchema = {
  status?: string;
  startedAt?: string;
  engine?: string;
  accelerator?: string;
  vcpus?: number;
  memory?: { bytes?: number; usableBytes?: number };
  disks?: {
    name: string;
    path?: string;
    format?: string;
    readOnly?: boolean;
    sizeBytes?: number;
    allocatedBytes?: number;
    backing?: string;
    problem?: string;
    readBytes?: number;
    writtenBytes?: number;
  }[];
  more?: Record<string, string>;
  problems: string[];
};
export type StatusSchema = { vms: StatusVmSchema[] };
export type StopSchema = EventSchema | ErrorSchema;
export type SuspendSchema = EventSchema | ErrorSchema;
export type UpSchema = EventSchema | ErrorSchema;
export type ValidateVmSchema = {
  name: string;
  image: { kind: 'path'; path: string } | { kind: 'url'; url: string; sha256?: string };
  vcpus: number;
  memoryMb: number;
  diskBytes?: number;
  backend?: string;
  firmware?: 'bios' | 'uefi';
  dependsOn: { vm: string; until: 'started' | 'ready' | 'provisioned' }[];
  network?: DefinitionsNetworkSchema;
  forwards: DefinitionsPortForwardSchema[];
  cloudInit?: { hostname: string; sshKeyPath?: string; userDataPath?: string };
  ssh: { declared: boolean; user: string; privateKeyPath?: string; timeoutSeconds?: number };
  provision: { type: string; name: string; run: 'always' | 'once' | 'never' | 'changed'; config?: unknown }[];
  extensions: Record<string, unknown>;
};
export type ValidateSchema = {
  path: string;
  baseDir: string;
  plugins: (
    { kind: 'package'; name: string; range: string } | { kind: 'folder'; written: string; path: string }
  )[];
  vms: ValidateVmSchema[];
};
export type VersionSchema = {
  cliVersion: string;
  architecture: string;
  nodeVersion: string;
  osVersion?: string;
  root?: string;
  plugins?: { name: string; version: string; origin: 'user' | 'link'; root: string }[];
};
export type WaitSchema = EventSchema | ErrorSchema;
