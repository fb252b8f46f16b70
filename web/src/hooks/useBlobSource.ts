import { useCallback, useState } from 'react';

/** Returns a ref callback that shows a Blob in an image. */
export function useBlobSource(blob: Blob): (image: HTMLImageElement) => () => void {
  // The content does not change, although the store may return a new Blob object.
  const [first] = useState(blob);
  return useCallback(
    (image) => {
      const url = URL.createObjectURL(first);
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [first],
  );
}
