import { parityError } from '#executor/tracers/flatCalls.ts'
import { nodeError } from './traceErrors.ts'
import type { TracePair } from './traceRuns.ts'

type Flat = { error?: string; result: { gasUsed: string } | null } & Record<string, unknown>

const OVERFLOW = 'nonce uint64 overflow'

/** The list of calls the node must give where anvil gives this one, without the place of the transaction. */
export function expectedFlatCalls({ node, anvil }: TracePair): unknown {
  return (anvil as Flat[]).map((call, index) => {
    const {
      blockHash: _hash,
      blockNumber: _number,
      transactionHash: _tx,
      transactionPosition: _position,
      ...kept
    } = call
    const own = (node as Flat[])[index]?.error
    const { error, result } = kept
    // anvil takes a creation that its creator has no nonce for as one that did nothing.
    if (own === OVERFLOW && error === undefined && result?.gasUsed === '0x0')
      return { ...kept, error: OVERFLOW, result: null }
    return error === undefined ? kept : { ...kept, error: parityError(nodeError(error, own)) }
  })
}
