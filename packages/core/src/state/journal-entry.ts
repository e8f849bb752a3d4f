import { STAGES, type VmctlEvent } from '../events/events.js';
import { isJsonObject } from '../host/json-object.js';

/** Who did what a line of the journal tells. */
export interface EventSource {
  readonly pid: number;
  /** `up`, `stop`: of the run that this process began last. */
  readonly operation: string;
}

/** A line of the journal: an event, and where it comes from. */
export type JournalEntry = VmctlEvent & { readonly source: EventSource };

/** A line of the journal; undefined for one that is none of ours, or was damaged. Events that only newer versions know pass. */
export function parseEntry(line: string): JournalEntry | undefined {
  if (line === '') return undefined;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(entry) || !isText(entry['type']) || !isTime(entry['time'])) return undefined;
  const { type } = entry;
  // It is found by looking, and never written down.
  if (type === 'vm.changed') return undefined;
  if (isKnown(type) && !hasShape({ ...FIELDS[type], source: isSource })(entry)) return undefined;
  // Now it is an event of ours, or of a type that whoever shows it takes for no other.
  return entry as unknown as JournalEntry;
}

type Check = (value: unknown) => boolean;

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
/** Outcomes may be those of a newer version. */
const isWord: Check = (value) => isText(value) && /^[a-z-]+$/.test(value);
const isTime: Check = (value) => isText(value) && !Number.isNaN(Date.parse(value));
const isStage: Check = (value) => STAGES.some((stage) => stage === value);
const isSource = hasShape({ pid: isNumber, operation: isText });
const isError = hasShape({ code: isText, message: isText, hint: orAbsent(isText) });
const isStep = hasShape({ index: isNumber, count: isNumber, name: isText, provisioner: isText });

const OUTCOME = { vm: isText, outcome: isWord, durationMs: isNumber };
const OF_STAGE = { vm: isText, stage: isStage };
const OF_STEP = { vm: isText, step: isStep };
const OF_PLUGIN = { name: isText, version: isText };

/** What each event has. */
const FIELDS: Readonly<Record<VmctlEvent['type'], Readonly<Record<string, Check>>>> = {
  'run.started': { operation: isText, vms: listOf(isText) },
  'run.finished': {
    operation: isText,
    ok: isFlag,
    durationMs: isNumber,
    vms: listOf(hasShape(OUTCOME)),
  },
  'vm.started': { vm: isText },
  'vm.finished': { ...OUTCOME, stage: orAbsent(isStage), error: orAbsent(isError) },
  'stage.started': OF_STAGE,
  'stage.finished': { ...OF_STAGE, detail: isText, durationMs: isNumber },
  'stage.failed': { ...OF_STAGE, error: isError, durationMs: isNumber },
  progress: {
    vm: orAbsent(isText),
    task: isText,
    subject: isText,
    done: isNumber,
    total: orAbsent(isNumber),
  },
  'plugin.installing': OF_PLUGIN,
  'plugin.installed': { ...OF_PLUGIN, integrity: isText, durationMs: isNumber },
  'plugin.linked': { ...OF_PLUGIN, path: isText, range: isText },
  'lockfile.written': { path: isText, plugins: listOf(isText) },
  warning: { vm: orAbsent(isText), code: isText, message: isText, hint: orAbsent(isText) },
  'check.started': { vm: isText, check: isText },
  'check.passed': { vm: isText, check: isText, durationMs: isNumber },
  'step.started': OF_STEP,
  'step.output': { ...OF_STEP, stream: isText, text: isText },
  'step.finished': { ...OF_STEP, durationMs: isNumber },
  'step.skipped': { ...OF_STEP, reason: isText },
  'step.failed': { ...OF_STEP, error: isError, durationMs: isNumber },
};

function isKnown(type: string): type is VmctlEvent['type'] {
  return Object.hasOwn(FIELDS, type);
}

function hasShape(fields: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isJsonObject(value) && Object.entries(fields).every(([field, check]) => check(value[field]));
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function orAbsent(check: Check): Check {
  return (value) => value === undefined || check(value);
}
