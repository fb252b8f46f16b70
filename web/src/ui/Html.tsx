import { useEffect, useMemo, useRef } from 'react';
import { classNames } from './classNames';
import { forDisplay } from './messageHtml';
import styles from './Html.module.css';

/** How long a button reports that its code was copied. */
const COPIED_MS = 2000;

/**
 * The only component that sets HTML. It accepts only HTML that the server has
 * rendered and sanitised (Message.html) or that previewHtml has made, never user input.
 */
export function Html({ html, large = false }: { html: string; large?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => ({ __html: forDisplay(html) }), [html]);

  // Code and tables that are wider than the window must be scrollable with the keyboard.
  useEffect(() => {
    for (const wide of box.current?.querySelectorAll<HTMLElement>('pre, .table-scroll') ?? []) {
      if (wide.scrollWidth <= wide.clientWidth) continue;
      wide.tabIndex = 0;
      wide.role = 'group';
      wide.ariaLabel = wide.tagName === 'PRE' ? 'Code' : 'Table';
    }
  }, [html]);

  // The buttons are part of the HTML, so that they do not appear after it.
  useEffect(() => {
    const element = box.current;
    const handleClick = (event: MouseEvent) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>('.copy-code') : null;
      if (button) void copyCode(button);
    };
    element?.addEventListener('click', handleClick);
    return () => element?.removeEventListener('click', handleClick);
  }, []);

  // oxlint-disable-next-line react/no-danger
  return <div ref={box} className={classNames(styles.html, large && styles.large)} dangerouslySetInnerHTML={shown} />;
}

async function copyCode(button: HTMLElement): Promise<void> {
  const block = button.parentElement;
  const code = block?.querySelector('code')?.textContent ?? '';
  const status = block?.querySelector('[role=status]');
  const report = (label: string, name: string, announced: string) => {
    button.textContent = label;
    button.ariaLabel = name;
    if (status) status.textContent = announced;
  };
  try {
    await navigator.clipboard.writeText(code.replace(/\n$/, ''));
    report('Copied', 'Copied', 'Code copied');
  } catch {
    report('Not copied', 'Not copied', 'The browser did not allow to copy');
  }
  setTimeout(() => report('Copy', 'Copy code', ''), COPIED_MS);
}
