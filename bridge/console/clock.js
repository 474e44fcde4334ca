/** Seconds that never go back, for measuring; not a time of day. */
export const seconds = () => performance.now() / 1000;
