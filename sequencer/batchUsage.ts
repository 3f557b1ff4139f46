import { COUNTER_NAMES } from '#executor/counters/zkCounters.ts'
import type { ZkCounters } from '#protocol/counters.ts'

/** What a batch has used of what it may use. */
export type BatchUsage = { transactions: number; sizeBytes: number; counters: ZkCounters }

export type BatchLimits = {
  /** 0 for no limit. */
  transactions: number
  sizeBytes: number
  counters: ZkCounters | undefined
  /** The batch closes when less than this percentage of a resource is left. */
  marginPercent: number
}

/** Why a batch closes; stored with it. The words are those of zkevm-node. */
export type ClosingReason =
  | 'Max transactions'
  | 'Resource margin exhausted'
  | 'Resource exhausted'
  | 'No transaction fits'
  | 'Max delta timestamp'
  | 'Forced batch deadline'
  | 'Closed by an operator'
  | 'Forced batch'

/** Whether the batch is so full that another block is not worth opening. */
export function findExhaustion(usage: BatchUsage, limits: BatchLimits): ClosingReason | undefined {
  if (limits.transactions > 0 && usage.transactions >= limits.transactions) return 'Max transactions'
  const exhausted = (used: number, limit: number) => limit - used <= (limit * limits.marginPercent) / 100
  if (exhausted(usage.sizeBytes, limits.sizeBytes)) return 'Resource margin exhausted'
  const { counters } = limits
  if (counters === undefined) return undefined
  return COUNTER_NAMES.some((name) => exhausted(usage.counters[name], counters[name]))
    ? 'Resource margin exhausted'
    : undefined
}
