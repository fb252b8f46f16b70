import { useEffect, useState } from 'react';

/** Renders typed Markdown. It is loaded with the first room, because only messages that are not stored need it. */
let render: ((text: string) => string) | undefined;
let loading: Promise<void> | undefined;

function load(): Promise<void> {
  loading ??= import('../../ui/previewHtml').then(
    ({ previewHtml }) => {
      render = previewHtml;
    },
    () => {
      loading = undefined; // the next message tries again
    },
  );
  return loading;
}

/** Loads what usePreview needs, so that it is there when a message is sent. */
export function usePreviewLoader(): void {
  useEffect(() => void load(), []);
}

/** Returns the HTML of a typed text, or undefined while the rules are not loaded. */
export function usePreview(text: string): string | undefined {
  const [, setLoaded] = useState(render !== undefined);
  useEffect(() => {
    let mounted = true;
    void load().then(() => mounted && setLoaded(render !== undefined));
    return () => {
      mounted = false;
    };
  }, []);
  return render?.(text);
}
