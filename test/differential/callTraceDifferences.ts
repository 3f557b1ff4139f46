import { nodeError } from './traceErrors.ts'
import type { TracePair } from './traceRuns.ts'

type Frame = {
  type: string
  gas: string
  gasUsed: string
  value?: string
  error?: string
  to?: string
  calls?: Frame[]
  logs?: unknown[]
}

/**
 * The tree of calls the node must give where anvil gives this one. The rules are those of "Traces" in
 * docs/evm-differences.md.
 */
export function expectedCallTrace({ scenario, node, anvil, gasUsed }: TracePair): unknown {
  const { gasLimit = 1_000_000n } = scenario
  const frame = expectedFrame(anvil as Frame, node as Frame, false)
  // anvil leaves out what the transaction costs to begin with, and counts the gas of the transactions before it.
  return { ...frame, gas: `0x${gasLimit.toString(16)}`, gasUsed: `0x${gasUsed.toString(16)}` }
}

function expectedFrame(anvil: Frame, node: Frame | undefined, isLost: boolean): Frame {
  const { value, error, to, calls, logs, ...frame } = anvil
  const hasFailed = isLost || error !== undefined
  const overflows = node?.error === 'nonce uint64 overflow' && error === undefined && anvil.gasUsed === '0x0'
  return {
    ...frame,
    ...(anvil.type === 'DELEGATECALL' || value === undefined ? {} : { value }),
    ...(error === undefined ? {} : { error: nodeError(error, node?.error) }),
    // anvil shows logs of frames that were taken back.
    ...(logs === undefined || hasFailed ? {} : { logs }),
    // anvil takes a creation that its creator has no nonce for as one that did nothing.
    ...(overflows ? { error: 'nonce uint64 overflow' } : to === undefined ? {} : { to }),
    ...(calls === undefined
      ? {}
      : { calls: calls.map((call, index) => expectedFrame(call, node?.calls?.[index], hasFailed)) }),
  }
}
