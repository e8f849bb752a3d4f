import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Completion from '../../../src/commands/completion.js';
import type Config from '../../../src/commands/config.js';
import type Console from '../../../src/commands/console.js';
import type Cp from '../../../src/commands/cp.js';
import type Doctor from '../../../src/commands/doctor.js';
import type Exec from '../../../src/commands/exec.js';
import type Fmt from '../../../src/commands/fmt.js';
import type ForwardAdd from '../../../src/commands/forward/add.js';
import type ForwardRemove from '../../../src/commands/forward/remove.js';
import type Help from '../../../src/commands/help.js';
import type ImageInspect from '../../../src/commands/image/inspect.js';
import type ImageList from '../../../src/commands/image/list.js';
import type ImagePrune from '../../../src/commands/image/prune.js';
import type ImagePull from '../../../src/commands/image/pull.js';
import type ImageRemove from '../../../src/commands/image/remove.js';
import type Init from '../../../src/commands/init.js';
import type List from '../../../src/commands/list.js';
import type Plugins from '../../../src/commands/plugins/index.js';
import type Plan from '../../../src/commands/plan.js';
import type PluginsCreate from '../../../src/commands/plugins/create.js';
import type PluginsInspect from '../../../src/commands/plugins/inspect.js';
import type PluginsInstall from '../../../src/commands/plugins/install.js';
import type PluginsLink from '../../../src/commands/plugins/link.js';
import type PluginsPrune from '../../../src/commands/plugins/prune.js';
import type PluginsReset from '../../../src/commands/plugins/reset.js';
import type PluginsUninstall from '../../../src/commands/plugins/uninstall.js';
import type PluginsUpdate from '../../../src/commands/plugins/update.js';
import type Port from '../../../src/commands/port.js';
import type Ssh from '../../../src/commands/ssh.js';
import type SshConfig from '../../../src/commands/ssh-config.js';
import type Status from '../../../src/commands/status.js';
import type Validate from '../../../src/commands/validate.js';
import type Version from '../../../src/commands/version.js';
import type { ErrorReport } from '../../../src/errors/error-report.js';
import type { VmctlEvent } from '../../../src/events/events.js';
import type { ObservedEvent } from '../../../src/operations/events.js';
import type { LogName } from '../../../src/operations/log.js';
import type * as schemas from './schema-types.js';

/** What is left of a type when a value of it goes through JSON; a field that may be undefined may be absent. */
type Json<T> = unknown extends T
  ? unknown
  : T extends readonly (infer U)[]
    ? Json<U>[]
    : T extends object
      ? string extends keyof T
        ? { [key: string]: Json<T[string]> }
        : JsonObject<T>
      : T;
type JsonObject<T> = Flat<
  { -readonly [K in RequiredKeys<T>]: Json<T[K]> } & {
    -readonly [K in Exclude<keyof T, RequiredKeys<T>>]?: Json<Exclude<T[K], undefined>>;
  }
>;
type RequiredKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
type Flat<T> = { [K in keyof T]: T[K] };

/** What a command gives with `--json`. */
type DocumentOf<C extends { run(): Promise<unknown> }> = Json<NonNullable<Awaited<ReturnType<C['run']>>>>;

/** Whether two types are the same to the compiler, optional fields included. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- how the compiler is asked for identity
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const agree = <A, B>(_same: Same<A, B>): void => undefined;

/** Compared by the compiler; `tsc -p tsconfig.test.json` is the judge. */
const compiled = (_compare: () => unknown): void => undefined;

describe('the JSON Schemas', () => {
  it('are what the types of the compiler were made of', async () => {
    const script = join(import.meta.dirname, '../../../../../scripts/schema-types.mjs');
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toMatchObject({
      stderr: '',
    });
  });

  it('say of documents what the commands return', () => {
    compiled(() => [
      agree<Json<schemas.CompletionSchema>, DocumentOf<Completion>>(true),
      agree<Json<schemas.ConfigSchema>, DocumentOf<Config>>(true),
      agree<Json<schemas.PlanSchema>, DocumentOf<Plan>>(true),
      agree<Json<schemas.ConsoleSchema>, DocumentOf<Console>>(true),
      agree<Json<schemas.CpSchema>, DocumentOf<Cp>>(true),
      agree<Json<schemas.DoctorSchema>, DocumentOf<Doctor>>(true),
      agree<Json<schemas.ExecSchema>, DocumentOf<Exec>>(true),
      agree<Json<schemas.FmtSchema>, DocumentOf<Fmt>>(true),
      agree<Json<schemas.ForwardAddSchema>, DocumentOf<ForwardAdd>>(true),
      agree<Json<schemas.ForwardRemoveSchema>, DocumentOf<ForwardRemove>>(true),
      agree<Json<schemas.HelpSchema>, DocumentOf<Help>>(true),
      agree<Json<schemas.ImageInspectSchema>, DocumentOf<ImageInspect>>(true),
      agree<Json<schemas.ImageListSchema>, DocumentOf<ImageList>>(true),
      agree<Json<schemas.ImagePruneSchema>, DocumentOf<ImagePrune>>(true),
      agree<Json<schemas.ImagePullSchema>, DocumentOf<ImagePull>>(true),
      agree<Json<schemas.ImageRemoveSchema>, DocumentOf<ImageRemove>>(true),
      agree<Json<schemas.InitSchema>, DocumentOf<Init>>(true),
      agree<Json<schemas.ListSchema>, DocumentOf<List>>(true),
      agree<Json<schemas.PluginsSchema>, DocumentOf<Plugins>>(true),
      agree<Json<schemas.PluginsCreateSchema>, DocumentOf<PluginsCreate>>(true),
      agree<Json<schemas.PluginsInspectSchema>, DocumentOf<PluginsInspect>>(true),
      agree<Json<schemas.PluginsInstallSchema>, DocumentOf<PluginsInstall>>(true),
      agree<Json<schemas.PluginsLinkSchema>, DocumentOf<PluginsLink>>(true),
      agree<Json<schemas.PluginsPruneSchema>, DocumentOf<PluginsPrune>>(true),
      agree<Json<schemas.PluginsResetSchema>, DocumentOf<PluginsReset>>(true),
      agree<Json<schemas.PluginsUninstallSchema>, DocumentOf<PluginsUninstall>>(true),
      agree<Json<schemas.PluginsUpdateSchema>, DocumentOf<PluginsUpdate>>(true),
      agree<Json<schemas.PortSchema>, DocumentOf<Port>>(true),
      agree<Json<schemas.SshSchema>, DocumentOf<Ssh>>(true),
      agree<Json<schemas.SshConfigSchema>, DocumentOf<SshConfig>>(true),
      agree<Json<schemas.StatusSchema>, DocumentOf<Status>>(true),
      agree<Json<schemas.ValidateSchema>, DocumentOf<Validate>>(true),
      agree<Json<schemas.VersionSchema>, DocumentOf<Version>>(true),
    ]);
    expect.assertions(0);
  });

  it('say of events and errors what the stream has', () => {
    compiled(() => [
      agree<Json<schemas.EventSchema>, Json<VmctlEvent>>(true),
      agree<Json<schemas.EventsSchema>, Json<ObservedEvent>>(true),
      agree<Json<schemas.DefinitionsErrorSchema>, Json<ErrorReport>>(true),
      agree<schemas.LogSchema['log'], LogName>(true),
    ]);
    expect.assertions(0);
  });
});
