const apple = /Mac|iP(?:hone|ad|od)/.test(navigator.platform);

/** The names of the modifier keys on this platform. */
export const CTRL = apple ? '⌘' : 'Ctrl';
export const ALT = apple ? '⌥' : 'Alt';
