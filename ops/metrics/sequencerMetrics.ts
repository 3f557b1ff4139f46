import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const BLOCK_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const OPEN_SECONDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]

type Block = {
  seconds: number
  usage: { counters: Record<string, number> }
  limits: { counters: Record<string, number> | undefined }
}

/** Measures a sequencer: what it is to be told is what `#sequencer/observer.ts` names. */
export function createSequencerMetrics(registry: Registry) {
  const registers = [registry]
  const blockSeconds = new Histogram({
    ...{ name: 'sequencer_block_seconds', registers, buckets: BLOCK_SECONDS },
    help: 'Time from the opening of an L2 block until it is stored, waits for more transactions included.',
  })
  const openSeconds = new Histogram({
    ...{ name: 'sequencer_batch_open_seconds', registers, buckets: OPEN_SECONDS },
    help: 'Time from the opening of a batch until it is closed.',
  })
  const usedRatio = new Gauge({
    ...{ name: 'zk_counter_used_ratio', registers, labelNames: ['counter'] },
    help: 'Share of a resource of the circuits that the newest batch with a block has used, by counter; 1 is all.',
  })
  const rejected = createRejections(registry)
  return {
    blockStored({ seconds, usage, limits }: Block) {
      blockSeconds.observe(seconds)
      for (const [counter, limit] of Object.entries(limits.counters ?? {}))
        usedRatio.set({ counter }, (usage.counters[counter] ?? 0) / limit)
    },
    batchClosed: (batch: { openSeconds: number }) => openSeconds.observe(batch.openSeconds),
    rejected: (reason: string) => rejected.inc({ reason }),
  }
}

/**
 * Of an API, which does not let them in, or of a sequencer, for which they cannot run. `reasons` are told from the start:
 * the first refusal is an increase too.
 */
export function createRejections(registry: Registry, reasons: readonly string[] = []): Counter<'reason'> {
  const rejections = new Counter({
    ...{ name: 'pool_rejected_total', registers: [registry], labelNames: ['reason'] },
    help: 'Transactions refused by the pool (API) or found never to run (sequencer), by reason.',
  })
  for (const reason of reasons) rejections.inc({ reason }, 0)
  return rejections
}
