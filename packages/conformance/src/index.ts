/**
 * Contract tests for vmctl plugins.
 *
 * @packageDocumentation
 */
export type { CheckDescription } from './check.js';
export type { TestRunner } from './runner.js';
export { hypervisorChecks, hypervisorConformance } from './hypervisor/conformance.js';
export type {
  AttentiveGuest,
  FaultPoint,
  HypervisorSource,
  HypervisorSubject,
} from './hypervisor/subject.js';
export { provisionerChecks, provisionerConformance } from './provisioner/conformance.js';
export type {
  InvalidProvision,
  ProvisionerExample,
  ProvisionerSource,
  ProvisionerSubject,
} from './provisioner/subject.js';
export { imageSourceChecks, imageSourceConformance } from './images/conformance.js';
export type { ImageSourceSource, ImageSourceSubject, ServedImage } from './images/subject.js';
