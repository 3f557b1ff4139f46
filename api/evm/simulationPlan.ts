import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { PlannedBlock } from '#executor/simulateBlocks.ts'
import { ZERO_ADDRESS } from '#protocol/primitives.ts'
import type { BlockOverrides } from '../chain/evmBlocks.ts'
import { invalidArgument, simulationError } from '../errors.ts'
import { parseBoolean, parseList, parseObject } from '../params.ts'
import { parseBlockOverrides } from './blockOverrides.ts'
import { type CallObject, parseCallObject } from './callObject.ts'
import { requireUint64Gas } from './simulatedCall.ts'
import { parseStateOverrides } from './stateOverride.ts'

/** EthSimulatePayload of execution-apis. */
export type SimulationPayload = {
  blocks: {
    blockOverrides: BlockOverrides
    stateOverrides: ReturnType<typeof parseStateOverrides>
    calls: CallObject[]
  }[]
  tracesTransfers: boolean
  validates: boolean
  returnsFull: boolean
}

const MAX_BLOCKS = 256
const MAX_CALLS = 5000
/** Seconds from a block to the next one when no time is given. */
const BLOCK_SECONDS = 1

export function parseSimulation(value: unknown, index: number): SimulationPayload {
  const payload = parseObject(value, index)
  const flag = (name: string) => {
    const given = payload[name]
    return given === undefined || given === null ? false : parseBoolean(given, index)
  }
  const blocks = parseList(payload['blockStateCalls'], index).map((each) => {
    const { blockOverrides, stateOverrides, calls } = parseObject(each, index)
    return {
      blockOverrides: parseBlockOverrides(blockOverrides ?? {}, index),
      stateOverrides: parseStateOverrides(stateOverrides ?? {}, index),
      calls: parseList(calls ?? [], index).map((call) => parseCallObject(call, index)),
    }
  })
  if (blocks.length === 0) throw invalidArgument(index, 'empty input')
  const count = blocks.reduce((sum, { calls }) => sum + calls.length, 0)
  if (count > MAX_CALLS) throw simulationError('client limit exceeded', `more than ${MAX_CALLS} calls`)
  return {
    blocks,
    tracesTransfers: flag('traceTransfers'),
    validates: flag('validation'),
    returnsFull: flag('returnFullTransactions'),
  }
}

/** Blocks in order, the empty ones that fill gaps between numbers among them. @throws {RpcError} */
export function planBlocks(
  { blocks }: Pick<SimulationPayload, 'blocks'>,
  base: Pick<HeaderRow, 'blockNumber' | 'timestamp' | 'gasLimit'>,
  chainId: number,
): PlannedBlock[] {
  const plan: PlannedBlock[] = []
  let { blockNumber: number, timestamp } = base as { blockNumber: number; timestamp: number }
  const add = (block: Omit<PlannedBlock, 'context'>, overrides: BlockOverrides) => {
    if (plan.length === MAX_BLOCKS) throw simulationError('client limit exceeded', `more than ${MAX_BLOCKS} blocks`)
    const next = {
      ...{ coinbase: ZERO_ADDRESS, gasLimit: base.gasLimit, chainId },
      ...{ number: number + 1, timestamp: timestamp + BLOCK_SECONDS, ...overrides },
    }
    if (next.timestamp <= timestamp)
      throw simulationError('block timestamps must be in order', `${next.timestamp} <= ${timestamp}`)
    plan.push({ ...block, context: next })
    number = next.number
    timestamp = next.timestamp
  }
  for (const { blockOverrides, stateOverrides, calls } of blocks) {
    const wanted = blockOverrides.number ?? number + 1
    if (wanted <= number) throw simulationError('block numbers must be in order', `${wanted} <= ${number}`)
    while (number + 1 < wanted) add({ overrides: new Map(), calls: [] }, {})
    add({ overrides: stateOverrides, calls: calls.map(toPlannedCall) }, blockOverrides)
  }
  return plan
}

function toPlannedCall({ from, to, gas, nonce, gasPrice, value, data }: CallObject) {
  requireUint64Gas(gas)
  return { from, to, gas: gas === undefined ? undefined : Number(gas), nonce, gasPrice, value, data }
}
