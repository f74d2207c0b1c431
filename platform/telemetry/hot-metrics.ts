import type { Metric } from "prom-client";
import type { MetricsRegistry } from "./registry.ts";

/**
 * Metrics for the hot path: a child is found once and then counts in plain numbers; strings are made at the scrape.
 * Label sets are bounded: what comes beyond `maxSeries` is counted under `other` in every label.
 */
export interface HotMetricOptions {
  readonly registry: MetricsRegistry;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** 1 000 by default. */
  readonly maxSeries?: number | undefined;
}

export interface HotCounter {
  inc(amount?: number): void;
}
export interface HotHistogram {
  observe(value: number): void;
}

const OTHER = "other";

class Series<T> {
  readonly #children = new Map<string, { readonly labels: readonly string[]; readonly value: T }>();
  readonly #max: number;
  readonly #width: number;
  readonly #make: () => T;

  constructor(options: HotMetricOptions, make: () => T) {
    this.#max = options.maxSeries ?? 1_000;
    this.#width = options.labels.length;
    this.#make = make;
  }

  child(labels: readonly string[]): T {
    const key = labels.length === 1 ? (labels[0] ?? "") : labels.join("\n");
    const known = this.#children.get(key);
    if (known !== undefined) return known.value;
    const full = this.#children.size >= this.#max;
    return full
      ? this.#keep(
          OTHER,
          Array.from({ length: this.#width }, () => OTHER),
        )
      : this.#keep(key, labels);
  }

  #keep(key: string, labels: readonly string[]): T {
    const known = this.#children.get(key);
    if (known !== undefined) return known.value;
    const value = this.#make();
    this.#children.set(key, { labels, value });
    return value;
  }

  values(): IterableIterator<{ readonly labels: readonly string[]; readonly value: T }> {
    return this.#children.values();
  }
}

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A counter family; `child` gives the counter of one set of label values, in the order of `labels`. */
export function counterFamily(options: HotMetricOptions): { child(...labels: string[]): HotCounter } {
  const series = new Series(options, () => new Count());
  register(options, "counter", () =>
    [...series.values()].map(({ labels, value }) => ({ labels: named(options.labels, labels), value: value.total })),
  );
  return { child: (...labels) => series.child(labels) };
}

/** A histogram family with fixed upper bounds, in the metric's unit. */
export function histogramFamily(options: HotMetricOptions & { readonly buckets: readonly number[] }): {
  child(...labels: string[]): HotHistogram;
} {
  const series = new Series(options, () => new Buckets(options.buckets));
  register(options, "histogram", () =>
    [...series.values()].flatMap(({ labels, value }) => value.samples(options.name, named(options.labels, labels))),
  );
  return { child: (...labels) => series.child(labels) };
}

/** prom-client asks a metric for its samples at the scrape; what it needs of one is less than its own class demands. */
function register(options: HotMetricOptions, type: "counter" | "histogram", samples: () => readonly Sample[]): void {
  const { name, help } = options;
  const metric = { name, help, get: () => Promise.resolve({ name, help, type, values: samples(), aggregator: "sum" }) };
  options.registry.registerMetric(metric as unknown as Metric);
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? ""]));
}

class Count implements HotCounter {
  total = 0;
  inc(amount = 1): void {
    this.total += amount;
  }
}

class Buckets implements HotHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.#bounds.length && value > (this.#bounds[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    let total = 0;
    const rows = [...this.#counts].map((count, i) => {
      total += count;
      const le = i < this.#bounds.length ? String(this.#bounds[i]) : "+Inf";
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [
      ...rows,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }
}
