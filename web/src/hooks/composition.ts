/** The code of a key that an input method handles. */
const INPUT_METHOD = 229;

/**
 * Reports whether a key belongs to an input method that composes text. In Safari the
 * composition has already ended when the Enter key that ends it arrives: only its code
 * shows that it is not meant for the page.
 */
export function isComposing({ isComposing, keyCode }: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean {
  return isComposing || keyCode === INPUT_METHOD;
}
