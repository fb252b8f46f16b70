import type { ErrorCode } from '../protocol/types';

/** What the server said no with. Its message is for people's eyes. */
export class ApiError extends Error {
  override name = 'Refused';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  /** Which input is at fault, as the wire calls it: "username". */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, more: { retryAfterMs?: number | undefined; field?: string | undefined } = {}) {
    super(message || 'Something went wrong.');
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.field = more.field;
  }

  /** The same request may be sent again after a while. */
  get retryable(): boolean {
    return this.code === 'UNAVAILABLE' || this.code === 'RATE_LIMITED';
  }
}

/** Nobody answered: what became of the request is not known. */
export class NetworkError extends Error {
  override name = 'Unreachable';

  constructor(message = 'The server cannot be reached. Check your connection and try again.') {
    super(message);
  }
}

/** The words to show for an error. */
export function errorMessage(error: unknown): string {
  if (error instanceof ApiError || error instanceof NetworkError) return error.message;
  return 'Something went wrong. Please try again.';
}
