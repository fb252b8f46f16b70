import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { Icon, type IconName } from './Icon';
import { classNames } from './classNames';
import styles from './Popup.module.css';

interface PopupProps {
  /** The element that opened the popup. The popup is placed beside it and returns the focus to it. */
  anchor: HTMLElement;
  label: string;
  /** The number of columns. With more than one, the up and down keys move between lines. */
  columns?: number;
  onClose: () => void;
  children: ReactNode;
}

const MARGIN_PX = 8;

/** A menu in the top layer: a list or a grid, on a phone a sheet at the bottom. */
export function Popup({ anchor, label, columns = 1, onClose, children }: PopupProps) {
  const layer = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  // A layout effect: effects that move the focus run after it.
  useLayoutEffect(() => {
    const box = panel.current;
    if (layer.current === null || box === null) return undefined;
    // In the top layer of the browser no list clips it.
    if ('showPopover' in layer.current) layer.current.showPopover();
    place(box, anchor);
    buttonsIn(box)[0]?.focus();
    return () => {
      if (box.contains(document.activeElement)) anchor.focus();
    };
  }, [anchor]);

  useEffect(() => {
    window.addEventListener('resize', onClose);
    return () => window.removeEventListener('resize', onClose);
  }, [onClose]);

  function handleKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      event.stopPropagation();
      onClose();
      return;
    }
    if (panel.current !== null) moveFocus(event, panel.current, columns);
  }

  return (
    <div
      ref={layer}
      className={styles.layer}
      popover="manual"
      onPointerDown={(event) => {
        if (event.target !== layer.current) return;
        event.preventDefault();
        onClose();
      }}
    >
      <div ref={panel} className={classNames(styles.popup, columns > 1 ? styles.board : styles.list)} role="menu" aria-label={label} tabIndex={columns > 1 ? 0 : -1} onKeyDown={handleKeyDown}>
        {children}
      </div>
    </div>
  );
}

interface MenuItemProps {
  icon: IconName;
  danger?: boolean;
  /** Why the item cannot be chosen now. */
  disabledReason?: string | undefined;
  onChoose: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger = false, disabledReason, onChoose, children }: MenuItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      className={classNames(styles.item, danger && styles.danger)}
      tabIndex={-1}
      aria-disabled={disabledReason ? true : undefined}
      onClick={disabledReason ? undefined : onChoose}
    >
      <Icon name={icon} />
      <span>
        {children}
        {disabledReason && <span className={styles.reason}>{disabledReason}</span>}
      </span>
    </button>
  );
}

/** Moves the focus between the buttons of a box with the arrow keys, Home and End. */
export function moveFocus(event: KeyboardEvent, box: HTMLElement, columns = 1): void {
  const buttons = buttonsIn(box);
  const at = buttons.findIndex((button) => button === document.activeElement);
  const steps: Record<string, number> = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 };
  const step = steps[event.key];
  const edge = event.key === 'Home' ? 0 : event.key === 'End' ? buttons.length - 1 : undefined;
  if (step === undefined && edge === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  buttons[edge ?? (at + (step ?? 0) + buttons.length) % buttons.length]?.focus();
}

function buttonsIn(box: HTMLElement): HTMLButtonElement[] {
  return [...box.querySelectorAll('button')];
}

/** Places the popup below its anchor, or above if there is no space, and inside the window. */
function place(box: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const fits = at.bottom + height + MARGIN_PX <= window.innerHeight;
  const top = fits ? at.bottom + 4 : at.top - height - 4;
  const left = Math.min(at.right - width, window.innerWidth - width - MARGIN_PX);
  box.style.setProperty('--top', `${Math.max(MARGIN_PX, top)}px`);
  box.style.setProperty('--left', `${Math.max(MARGIN_PX, left)}px`);
}
