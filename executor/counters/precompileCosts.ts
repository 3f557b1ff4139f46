import type { Address } from '#protocol/primitives.ts'
import { recoverOutcome } from '../evm/precompiles/ecRecover.ts'
import type { BuildingBlocks } from './formulas.ts'
import { type CounterVector, NOTHING, sum, times, vector } from './vector.ts'

const PAIR_SIZE_BYTES = 192

/** What a precompile that ran takes. @param outputLength bytes of memory the caller has for the output */
export function precompileCost(
  blocks: BuildingBlocks,
  address: Address,
  input: Uint8Array,
  outputLength: number,
): CounterVector {
  const { readFromCalldata, mStore32, mStoreX, divArith, mLoad32, mLoadX, shrArith, variant, isEarlierEstimate } =
    blocks
  const isLater = variant === 'fork12'
  const words = Math.floor(input.length / 32)
  switch (Number(address)) {
    case 1:
      return sum(vector({ S: 35, B: 1 }), times(4, readFromCalldata), recoverCost(blocks, input), mStore32, mStoreX)
    case 2:
      return sum(
        vector({ S: 100, B: 1, SHA: Math.ceil((input.length + (isEarlierEstimate ? 1 : 9)) / 64) }),
        times(2, divArith),
        mStore32,
        mStoreX,
        times(words, sum(vector({ S: 11 }), readFromCalldata)),
        readFromCalldata,
        shrArith,
      )
    case 4:
      return sum(
        vector({ S: 45, B: 2 }),
        divArith,
        times(words, sum(vector({ S: 8 }), readFromCalldata, mStore32)),
        readFromCalldata,
        mStoreX,
        times(Math.floor(outputLength / 32), sum(vector({ S: 12 }), mLoad32, mStore32)),
        mLoadX,
        mStoreX,
      )
    case 6:
      return sum(
        vector({ S: 50, B: 1 }),
        times(4, readFromCalldata),
        times(4, mStore32),
        mStoreX,
        isLater ? vector({ S: 800, B: 50, A: 50 }) : vector({ S: 323, B: 33, A: 40 }),
      )
    case 7:
      return sum(
        vector({ S: 50, B: 1 }),
        times(3, readFromCalldata),
        times(4, mStore32),
        mStoreX,
        isLater ? vector({ S: 175000, B: 20000, A: 20000 }) : vector({ S: 162890, B: 16395, A: 19161 }),
      )
    case 8:
      return sum(
        vector({ S: 50, B: 1 }),
        times(6, readFromCalldata),
        divArith,
        mStore32,
        mStoreX,
        pairing(Math.floor(input.length / PAIR_SIZE_BYTES), isLater),
      )
    default:
      return NOTHING
  }
}

function recoverCost({ ecRecover }: BuildingBlocks, input: Uint8Array): CounterVector {
  const outcome = recoverOutcome(input)
  if (outcome === 'malformed') return vector({ S: 45, A: 2, B: 8 })
  return outcome === 'noPoint' ? vector({ S: 4527, A: 1014, B: 10 }) : ecRecover
}

function pairing(pairs: number, isLater: boolean): CounterVector {
  return isLater
    ? vector({ S: 16 + 200000 * pairs + 175000, B: 4100 * pairs + 750, A: 15000 * pairs + 17500 })
    : vector({ S: 16 + 184017 * pairs + 171253, B: 3986 * pairs + 650, A: 13694 * pairs + 15411 })
}
