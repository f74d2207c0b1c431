/** Where time comes from. Everything that decides by time is handed one, so that tests and replay choose it. */
export interface Clock {
  /** Milliseconds since the epoch. May step backwards when the machine's clock is set. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

export interface ManualClock extends Clock {
  /** Moves time forwards (or back, with a negative amount) by milliseconds. */
  advance(ms: number): void;
  set(now: number): void;
}

/** A clock that stands still until it is told to move. */
export function manualClock(start = 0): ManualClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    set: (at) => {
      now = at;
    },
  };
}
