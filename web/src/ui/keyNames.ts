const apple = /Mac|iP(?:hone|ad|od)/.test(navigator.platform);

/** What the keys are called on this machine. */
export const CTRL = apple ? '⌘' : 'Ctrl';
export const ALT = apple ? '⌥' : 'Alt';
