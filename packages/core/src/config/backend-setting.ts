/**
 * One setting of a backend: it stands in a configuration file under `backends`, by the name of the backend. What a
 * backend does not say here is refused there.
 */
export type BackendSetting = {
  /** What it is for, in a sentence; `vmctl config --json` shows it. */
  readonly description: string;
  /** The variable of the environment that goes before every file; an empty one counts as not set. */
  readonly variable?: string | undefined;
} & (
  | {
      /**
       * `path` is made absolute: relative to the directory of its file, in a variable to the working directory, and `~`
       * is the home directory. So is a `program` with a slash in it; another one is a name in PATH.
       */
      readonly type: 'text' | 'path' | 'program';
      readonly default?: string | undefined;
    }
  | {
      readonly type: 'integer';
      readonly least: number;
      readonly most: number;
      readonly default?: number | undefined;
    }
  | {
      /** `true` or `false`; in a variable also `on` and `off`. */
      readonly type: 'switch';
      readonly default?: boolean | undefined;
    }
  | {
      readonly type: 'word';
      /** What it can be. */
      readonly words: readonly string[];
      readonly default?: string | undefined;
    }
);

/** The settings of a backend by name; names are written as in `diskCache`. */
export type BackendSettings = Readonly<Record<string, BackendSetting>>;

/** The type of a setting's value, when there is one. */
export type BackendSettingValue<S extends BackendSetting> = S extends {
  readonly type: 'word';
  readonly words: readonly (infer W)[];
}
  ? W
  : S extends { readonly type: 'integer' }
    ? number
    : S extends { readonly type: 'switch' }
      ? boolean
      : string;

/** The values of a backend's settings; undefined where nobody says one and there is no default. */
export type BackendSettingValues<T extends BackendSettings> = {
  readonly [K in keyof T]:
    | BackendSettingValue<T[K]>
    | (T[K] extends { readonly default: string | number | boolean } ? never : undefined);
};
