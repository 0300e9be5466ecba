import { HoldfastError } from '@holdfast/record';

/** Records from `from` up to, but not including, `to` are gone from the source and were never sealed (`source_lost`). */
export class SourceLostError extends HoldfastError {
  readonly from: bigint;
  readonly to: bigint;

  constructor(topic: string, partition: number, from: bigint, to: bigint) {
    super('source_lost', `${topic}/${partition}: records ${from} to ${to - 1n} are gone from the source and were never sealed.`);
    this.from = from;
    this.to = to;
  }
}
