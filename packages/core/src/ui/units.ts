/** `0.4s`, `44.1s`, `2m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(1)}s`;
  return minutesText(Math.round(seconds));
}

/** Whole seconds, and no more than two units: `8s`, `2m 05s`, `1h 02m`. For what is guessed and counts down. */
export function formatRemaining(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds}s` : minutesText(seconds);
}

/** Powers of 1024: `512 B`, `1.5 MiB`, `20 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  // Number() drops a zero behind the point.
  return `${Number(value.toFixed(digits))} ${units[unit]}`;
}

/** `1 vCPU`, `4 vCPUs`. */
export function formatVcpus(count: number): string {
  return count === 1 ? '1 vCPU' : `${count} vCPUs`;
}

/** How long ago, in one unit: `12s`, `5m`, `3h`, `8d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function minutesText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
