import { useEffect, useRef } from 'react';
import { classNames } from './classNames';
import styles from './Html.module.css';

/**
 * The one place where HTML is set. It takes only what the server has rendered
 * and sanitised (Message.html), never what was typed.
 */
export function Html({ html, large = false }: { html: string; large?: boolean }) {
  const box = useRef<HTMLDivElement>(null);

  // Code that is wider than the window is scrolled by the keyboard as well.
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
