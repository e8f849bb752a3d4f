/** What a fake server answers. */
export interface FakeAnswer {
  readonly status: number;
  /** JSON, unless it is a text. */
  readonly body?: unknown;
  readonly text?: string | undefined;
  /** What went wrong, for the log alone. */
  readonly internal?: string | undefined;
}

/** An answer other than the wanted one; its body gets the id of the request. */
export class FakeRefusal extends Error {
  readonly status: number;
  readonly errorCode: string | undefined;

  constructor(status: number, message: string, errorCode?: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

export const noInstance = (): FakeRefusal =>
  new FakeRefusal(424, 'Server not initialized (no instance)', 'NoInstance');

/** The answer for something that went wrong; of a failure inside of the server the log alone has the cause. */
export function answerFor(error: unknown, requestId: string): FakeAnswer {
  const refusal =
    error instanceof FakeRefusal
      ? error
      : new FakeRefusal(500, error instanceof Error ? error.message : String(error));
  const { status, errorCode } = refusal;
  const isInternal = status >= 500;
  return {
    status,
    body: {
      request_id: requestId,
      ...(isInternal ? { error_code: 'Internal' } : errorCode === undefined ? {} : { error_code: errorCode }),
      message: isInternal ? 'Internal Server Error' : status === 403 ? 'Forbidden' : refusal.message,
    },
    internal: refusal.message,
  };
}
