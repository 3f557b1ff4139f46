import { Gauge, type Registry } from 'prom-client'
import { remembered } from '#common/remembered.ts'

/** A value of a gauge with labels. */
export type Sample<Label extends string> = { labels: Record<Label, string>; value: number }

/** Gauges over facts that are read when a scraper asks; they tell nothing while the facts cannot be read. */
export interface Source<Facts> {
  gauge(name: string, help: string, value: (facts: Facts) => number | undefined): void
  labelled<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    samples: (facts: Facts) => readonly Sample<Label>[],
  ): void
}

/** One reading serves all gauges of a scrape, and further scrapes for so long. */
export function createSource<Facts>(registry: Registry, read: () => Promise<Facts>, maxAgeMs: number): Source<Facts> {
  const recent = remembered(read, maxAgeMs)
  const registers = [registry]
  return {
    gauge(name, help, value) {
      new Gauge({
        ...{ name, help, registers },
        async collect() {
          const facts = await recent().catch(() => undefined)
          const found = facts === undefined ? undefined : value(facts)
          if (found === undefined) this.remove()
          else this.set(found)
        },
      })
    },
    labelled(name, help, labelNames, samples) {
      new Gauge({
        ...{ name, help, registers, labelNames: [...labelNames] },
        async collect() {
          const facts = await recent().catch(() => undefined)
          this.reset()
          if (facts !== undefined) for (const { labels, value } of samples(facts)) this.set(labels, value)
        },
      })
    },
  }
}
