/** What a plugin can bring; each has a template. */
export const PLUGIN_KINDS = ['provisioner', 'backend', 'image-source', 'pipeline'] as const;
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** Words about one kind. */
interface KindWording {
  /** With its article, for "a provisioner". */
  readonly noun: string;
  /** What the word is called under which VMFiles know it. */
  readonly wordIs: string;
  /** How a VMFile uses it. */
  readonly usage: (word: string) => string;
}

export const KIND_WORDING: Readonly<Record<PluginKind, KindWording>> = {
  provisioner: {
    noun: 'a provisioner',
    wordIs: 'provisioner type',
    usage: (word) => `provision "${word}" { … }`,
  },
  backend: { noun: 'a backend', wordIs: 'backend name', usage: (word) => `backend "${word}"` },
  'image-source': {
    noun: 'an image source',
    wordIs: 'URL scheme',
    usage: (word) => `image-url "${word}:///…"`,
  },
  pipeline: {
    noun: 'a pipeline plugin',
    wordIs: 'VM node',
    usage: (word) => `vm "…" { ${word} … }`,
  },
};
