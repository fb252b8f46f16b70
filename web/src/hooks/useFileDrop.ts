import { type DragEvent, useEffect, useState } from 'react';

/** Files that are dragged over an element: whether they are, and what it needs to take them. */
export function useFileDrop(onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false);

  // Dropped beside it, a file must not take the page away.
  useEffect(() => {
    const stay = (event: globalThis.DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    window.addEventListener('dragover', stay);
    window.addEventListener('drop', stay);
    return () => {
      window.removeEventListener('dragover', stay);
      window.removeEventListener('drop', stay);
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
