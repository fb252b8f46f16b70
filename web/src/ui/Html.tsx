import { useEffect, useMemo, useRef } from 'react';
import { useOpenPerson } from '../hooks/person';
import type { Author } from '../protocol/types';
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
  const openPerson = useOpenPerson();
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
    const handleClick = ({ target }: Event) => {
      const button = closest(target, '.copy-code');
      if (button) void copyCode(button);
      const mention = closest(target, '.mention');
      if (mention) openPerson(mentioned(mention), mention);
    };
    const handleKeyDown = (event: KeyboardEvent) => {
      if ((event.key !== 'Enter' && event.key !== ' ') || !closest(event.target, '.mention')) return;
      event.preventDefault();
      handleClick(event);
    };
    element?.addEventListener('click', handleClick);
    element?.addEventListener('keydown', handleKeyDown);
    return () => {
      element?.removeEventListener('click', handleClick);
      element?.removeEventListener('keydown', handleKeyDown);
    };
  }, [openPerson]);

  // oxlint-disable-next-line react/no-danger
  return <div ref={box} className={classNames(styles.html, large && styles.large)} dangerouslySetInnerHTML={shown} />;
}

function closest(target: EventTarget | null, selector: string): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>(selector) : null;
}

/** The person of a mention, as far as the HTML knows it. */
function mentioned({ dataset, textContent }: HTMLElement): Author {
  return { id: Number(dataset.userId), username: textContent.replace(/^@/, ''), displayName: '', avatarUrl: '' };
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
