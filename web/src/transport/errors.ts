import type { ErrorCode } from '../protocol/types';

export interface InvalidField {
  /** The JSON name of the field, such as "username". */
  field: string;
  message: string;
}

/** ApiError is an error that the server returned. Its message is shown to the user. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  /** The invalid fields. */
  readonly fields: readonly InvalidField[];

  constructor(code: ErrorCode, message: string, more: { retryAfterMs?: number | undefined; fields?: readonly InvalidField[] } = {}) {
    super(message || 'Something went wrong.');
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.fields = more.fields ?? [];
  }

  /** Reports whether the same request may succeed later. */
  get retryable(): boolean {
    return this.code === 'UNAVAILABLE' || this.code === 'RATE_LIMITED';
  }
}

/** NetworkError means that there was no response. The server may have processed the request. */
export class NetworkError extends Error {
  override name = 'NetworkError';

  constructor(message = 'The server cannot be reached. Check your connection and try again.') {
    super(message);
  }
}

/** Returns the text to show for an error. */
export function errorMessage(error: unknown): string {
  if (error instanceof ApiError || error instanceof NetworkError) return error.message;
  return 'Something went wrong. Please try again.';
}
