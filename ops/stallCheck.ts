import type { Finding } from './health.ts'

/** Number of the last block, null before the first; how many transactions could go into the next. */
export type SequencerProgress = { block: number | null; ready: number }

const LIMIT_MS = 60_000

/** Fails when transactions that could run see no new block for so long. It looks when it is asked. */
export function stallCheck(
  progress: () => SequencerProgress,
  { limitMs = LIMIT_MS, now = Date.now }: { limitMs?: number; now?: () => number } = {},
): () => Finding {
  let last: SequencerProgress['block'] | undefined
  let waitingSince: number | undefined
  return () => {
    const { block, ready } = progress()
    if (ready === 0 || block !== last) waitingSince = undefined
    else waitingSince ??= now()
    last = block
    const ok = waitingSince === undefined || now() - waitingSince < limitMs
    return { ok, block, ready, ...(!ok && { error: 'transactions that could run see no block' }) }
  }
}
