import { type DragEvent, useEffect, useState } from 'react';

/** Handles files that are dropped on an element. It returns whether files are over it, and the handlers. */
export function useFileDrop(onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false);

  // A file dropped elsewhere must not replace the page.
  useEffect(() => {
    const preventNavigation = (event: globalThis.DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    window.addEventListener('dragover', preventNavigation);
    window.addEventListener('drop', preventNavigation);
    return () => {
      window.removeEventListener('dragover', preventNavigation);
      window.removeEventListener('drop', preventNavigation);
    };
  }, []);

  const target = {
    onDragEnter: (event: DragEvent) => {
      if (event.dataTransfer.types.includes('Files')) setOver(true);
    },
  };
  const cover = {
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
  return { over, target, cover };
}
