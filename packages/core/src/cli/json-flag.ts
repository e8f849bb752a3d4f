/** What `--json` does, in the words of vmctl; oclif adds the flag with its own. */
export const JSON_FLAG = 'print JSON on stdout, for scripts';
