export interface UploadOptions {
  /** Receives the sent part, from 0 to 1. */
  onProgress?: (part: number) => void;
  signal?: AbortSignal;
}

/** Posts a form. It rejects if there is no response. */
export type Upload = (url: string, form: FormData, options: UploadOptions) => Promise<Response>;

/** An upload without progress for this time is aborted. */
const STALL_TIMEOUT_MS = 30_000;

/** Uploads with XMLHttpRequest, because fetch reports no upload progress. */
export const xhrUpload: Upload = (url, form, { onProgress, signal }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stalled: ReturnType<typeof setTimeout> | undefined;
    const onActivity = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALL_TIMEOUT_MS);
    };
    const fail = () => {
      clearTimeout(stalled);
      reject(new Error('upload ended'));
    };
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      onActivity();
      if (lengthComputable) onProgress?.(loaded / total);
    };
    request.onload = () => {
      clearTimeout(stalled);
      const retryAfter = request.getResponseHeader('Retry-After');
      resolve(new Response(request.responseText, { status: request.status, headers: retryAfter ? { 'Retry-After': retryAfter } : {} }));
    };
    request.onerror = fail;
    request.onabort = fail;
    signal?.addEventListener('abort', () => request.abort());
    onActivity();
    request.send(form);
  });
