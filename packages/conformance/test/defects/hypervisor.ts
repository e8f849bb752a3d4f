import type { HypervisorDefect } from './defect.ts';
import { others } from './company.ts';
import { consoles } from './console.ts';
import { disks } from './disks.ts';
import { ending } from './ending.ts';
import { forwards } from './forwards.ts';
import { handles } from './handles.ts';
import { inspection } from './inspection.ts';
import { lifeCycle } from './life-cycle.ts';
import { refusals } from './refusals.ts';
import { shape } from './shape.ts';
import { trouble } from './trouble.ts';

/** At least one for each check. */
export const hypervisorDefects: readonly HypervisorDefect[] = [
  ...shape,
  ...handles,
  ...lifeCycle,
  ...ending,
  ...refusals,
  ...disks,
  ...forwards,
  ...inspection,
  ...trouble,
  ...others,
  ...consoles,
];
