import type { ReactNode } from 'react';
import { Logo } from './Icon';
import styles from './CardPage.module.css';

/** A page without a sidebar: the brand, optional controls and one card. */
export function CardPage({ controls, children }: { controls?: ReactNode; children: ReactNode }) {
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <span className="brand">
          <Logo /> Chillin
        </span>
        {controls}
      </header>
      <main className={styles.main}>
        <div className={styles.card}>{children}</div>
      </main>
    </div>
  );
}
