import { useEffect, useRef } from 'react';
import { classNames } from './classNames';
import styles from './Html.module.css';

/**
 * The only component that sets HTML. It accepts only HTML that the server has
 * rendered and sanitised (Message.html), never user input.
 */
export function Html({ html, large = false }: { html: string; large?: boolean }) {
  const box = useRef<HTMLDivElement>(null);

  // Code that is wider than the window must be scrollable with the keyboard.
  useEffect(() => {
    for (const code of box.current?.querySelectorAll('pre') ?? []) {
      if (code.scrollWidth <= code.clientWidth) continue;
      code.tabIndex = 0;
      code.role = 'group';
      code.ariaLabel = 'Code';
    }
  }, [html]);

  // oxlint-disable-next-line react/no-danger
  return <div ref={box} className={classNames(styles.html, large && styles.large)} dangerouslySetInnerHTML={{ __html: html }} />;
}
