/** The time of day; an argument, so that tests turn it. */
export interface Clock {
  now(): Date;
}
