import type { TerminalSize } from './live-region.js';
import { type ActiveTransfer, followTransfer } from './run-state.js';
import type { Style } from './style.js';
import { cutTo } from './text-width.js';
import { transferText } from './transfer-text.js';

/** What is reported of a transfer; bytes. */
export interface TransferReport {
  readonly task: string;
  readonly subject: string;
  readonly done: number;
  readonly total: number | undefined;
  /** What an earlier, interrupted transfer has brought. */
  readonly resumed?: number | undefined;
}

/** Transfers that belong to no VM: one line for each. */
export class TransferLines {
  readonly #transfers = new Map<string, ActiveTransfer & Pick<TransferReport, 'resumed'>>();

  /** @param now - milliseconds, from anywhere */
  report(report: TransferReport, now: number): void {
    const { subject, task, done, total, resumed } = report;
    // Copies are made one after the other: those before it are complete.
    if (task === 'copy' && !this.#transfers.has(subject)) this.#transfers.clear();
    // All is there, and right.
    if (task === 'verify' && done === total) this.#transfers.delete(subject);
    else
      this.#transfers.set(subject, { ...followTransfer(this.#transfers.get(subject), report, now), resumed });
  }

  /** None is wider than the terminal, and there are no more than fit. */
  lines({ columns, rows }: TerminalSize, now: number, style: Style): string[] {
    const all = [...this.#transfers.values()];
    const room = Math.max(1, rows - 2);
    const shown = all.length <= room ? all : all.slice(0, room - 1);
    const lines = shown.map(({ meter, ...transfer }) =>
      transferText({ ...transfer, speed: meter.speed(transfer.total, now) }, columns - 1, style),
    );
    if (shown.length < all.length) {
      lines.push(style.dim(cutTo(`… and ${all.length - shown.length} more`, columns - 1)));
    }
    return lines;
  }
}
