import type { JsonValue } from "#api";
import { orderedValue, type Unit } from "../operators/ordering.ts";
import { atLeast, atMost } from "./doubles.ts";

/** Between which numbers several values lie, as far as they are numbers of the unit. */
export class Range {
  readonly unit: Unit;
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  /** Some value is no number of the unit. */
  isBroken = false;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  add(value: JsonValue): void {
    const number = orderedValue(value, this.unit);
    if (number === undefined) this.isBroken = true;
    else {
      this.least = Math.min(this.least, atMost(number));
      this.most = Math.max(this.most, atLeast(number));
    }
  }
}
