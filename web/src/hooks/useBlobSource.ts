import { useCallback, useState } from 'react';

/** Shows bytes of this page in an image: goes to its ref. */
export function useBlobSource(blob: Blob): (image: HTMLImageElement) => () => void {
  // The bytes of a component do not change, though the store hands out a new object for them.
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
