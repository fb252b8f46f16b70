/** The names of all emoji. vite.config.ts generates them from emojibase-data. */
declare module 'virtual:emoji-data' {
  const data: string;
  export default data;
}
