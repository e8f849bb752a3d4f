/** The backend that is tried on a platform when nobody names one, and the package that brings it. */
export interface PlatformDefault {
  readonly backend: string;
  readonly package: string;
}

/** The one table that knows backends by name. */
export const platformDefaults: Readonly<Partial<Record<NodeJS.Platform, PlatformDefault>>> = {
  linux: { backend: 'qemu', package: '@vmctl/plugin-qemu' },
  sunos: { backend: 'propolis', package: '@vmctl/plugin-propolis' },
};

/** The package that is known to bring `backend`, if any. */
export function packageOfBackend(backend: string): string | undefined {
  return Object.values(platformDefaults).find((entry) => entry?.backend === backend)?.package;
}
