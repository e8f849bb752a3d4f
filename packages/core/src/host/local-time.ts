/**
 * `2026-03-04 15:06:07`, by the clock on the wall: how people are told when something was. Documents have ISO 8601.
 * What is no time comes back as it was.
 */
export function localTime(time: string | Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return typeof time === 'string' ? time : 'an unknown time';
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
