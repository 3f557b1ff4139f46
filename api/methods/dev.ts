import { readDevClock } from '#db/devRequests.ts'
import { findPoolTransaction } from '#db/pool.ts'
import { findMinedTransaction } from '#db/rpc/transactions.ts'
import type { ApiDeps } from '../deps.ts'
import type { DevTools } from '../dev/devTools.ts'
import { withNames } from '../dev/names.ts'
import { countParam, parseCount } from '../dev/params.ts'
import { askSequencer } from '../dev/sequencerRequests.ts'
import { invalidArgument, RPC_CODE, RpcError } from '../errors.ts'

import { method, type RequestContext } from '../method.ts'
import { booleanParam, customParam, hashParam, optional, parseObject } from '../params.ts'
import * as schema from '../schemas.ts'

/** Each is a block of the chain, which others have to execute and prove. */
const MAX_BLOCKS = 1000
/** L2 keeps a step of time in 32 bits. */
const MAX_STEP_SECONDS = 2 ** 32 - 1

const wallClock = () => Math.floor(Date.now() / 1000)

/** Blocks and time. All of it goes to L1 in batches as everything does: other nodes follow. */
export const devMethods = (deps: ApiDeps) => {
  const { dev } = deps
  return dev === undefined ? [] : createDevMethods(deps, dev)
}

function createDevMethods(deps: ApiDeps, { l1Clock }: DevTools) {
  const { db, head } = deps

  async function mine(blocks: number, intervalSeconds: number, { signal }: RequestContext): Promise<null> {
    if (blocks > MAX_BLOCKS) throw invalidArgument(0, `at most ${MAX_BLOCKS} blocks: each is a real one of the chain`)
    if (intervalSeconds > MAX_STEP_SECONDS) throw invalidArgument(1, `at most ${MAX_STEP_SECONDS} seconds`)
    if (blocks === 0) return null
    const { nextTimestamp, offsetSeconds } = await readDevClock(db)
    const first = Math.max(head.latest.timestamp, nextTimestamp ?? wallClock() + offsetSeconds)
    if (intervalSeconds > 0) await l1Clock.reach(first + (blocks - 1) * intervalSeconds)
    await askSequencer(deps, { kind: 'mine', blocks, intervalSeconds, begun: false }, signal)
    return null
  }

  async function setNextTimestamp(timestamp: number, { signal }: RequestContext): Promise<null> {
    const { timestamp: last } = head.latest
    if (timestamp < last) throw invalidArgument(0, `the last block is of ${last}: time does not go back`)
    if (timestamp - last > MAX_STEP_SECONDS)
      throw invalidArgument(0, `at most ${MAX_STEP_SECONDS} s past the last block`)
    await l1Clock.reach(timestamp)
    await askSequencer(deps, { kind: 'setNextTimestamp', timestamp }, signal)
    return null
  }

  const nothing = schema.constant(null)
  return [
    ...withNames(
      method({
        name: 'dev_mine',
        summary: 'Makes so many blocks now, empty ones too, so many seconds apart',
        cost: 50,
        params: [optional(countParam('blocks')), optional(countParam('interval'))],
        result: nothing,
        handle: async ([blocks = 1, interval = 0], context) => await mine(blocks, interval, context),
      }),
      ...['anvil_mine', 'hardhat_mine'],
    ),
    ...withNames(
      method({
        name: 'evm_mine',
        summary: 'Makes a block now, of a timestamp if given',
        cost: 50,
        params: [optional(mineOptionsParam)],
        result: schema.constant('0x0'),
        handle: async ([{ timestamp, blocks = 1 } = {}], context) => {
          if (timestamp !== undefined) await setNextTimestamp(timestamp, context)
          await mine(blocks, 0, context)
          return '0x0'
        },
      }),
    ),
    ...withNames(
      method({
        name: 'dev_increaseTime',
        summary: 'Puts the clocks of L2 and L1 forward; answers by how many seconds L2 is ahead in all',
        cost: 10,
        params: [countParam('seconds')],
        result: schema.integer,
        handle: async ([seconds], { signal }) => {
          if (seconds > MAX_STEP_SECONDS) throw invalidArgument(0, `at most ${MAX_STEP_SECONDS} seconds`)
          const { offsetSeconds } = await readDevClock(db)
          await l1Clock.reach(wallClock() + offsetSeconds + seconds)
          await askSequencer(deps, { kind: 'increaseTime', seconds }, signal)
          return (await readDevClock(db)).offsetSeconds
        },
      }),
      ...['evm_increaseTime', 'anvil_increaseTime'],
    ),
    ...withNames(
      method({
        name: 'dev_setNextBlockTimestamp',
        summary: 'Timestamp of the next block; time goes on from there',
        cost: 10,
        params: [countParam('timestamp')],
        result: nothing,
        handle: async ([timestamp], context) => await setNextTimestamp(timestamp, context),
      }),
      ...['evm_setNextBlockTimestamp', 'anvil_setNextBlockTimestamp'],
    ),
    ...withNames(
      method({
        name: 'dev_dropTransaction',
        summary: 'Takes a waiting transaction out of the pool; null when it does not wait',
        cost: 10,
        params: [hashParam('transaction')],
        result: schema.nullable(schema.hash),
        handle: async ([hash], { signal }) => {
          if ((await findPoolTransaction(db, hash)) === undefined) return null
          await askSequencer(deps, { kind: 'drop', hash }, signal)
          return (await findMinedTransaction(db, hash)) === undefined ? hash : null
        },
      }),
      ...['anvil_dropTransaction', 'hardhat_dropTransaction'],
    ),
    ...withNames(
      method({
        name: 'dev_setAutomine',
        summary: 'Blocks are made when transactions come: true changes nothing, false is refused',
        cost: 1,
        params: [booleanParam('enabled')],
        result: nothing,
        handle: ([enabled]) => {
          if (enabled) return null
          throw new RpcError(RPC_CODE.notSupported, NO_MANUAL_MINING)
        },
      }),
      ...['evm_setAutomine', 'anvil_setAutomine'],
    ),
  ]
}

const NO_MANUAL_MINING =
  'refused: the sequencer takes what waits, or what users force on L1 would be late; ' +
  'hold transactions back until they are to run, or give them a nonce that waits for another'

const mineOptionsParam = customParam('options', { type: ['object', 'integer', 'string'] }, (value, index) => {
  if (typeof value !== 'object') return { timestamp: parseCount(value, index) }
  const { timestamp, blocks } = parseObject(value, index)
  return {
    ...(timestamp === undefined || timestamp === null ? {} : { timestamp: parseCount(timestamp, index) }),
    ...(blocks === undefined || blocks === null ? {} : { blocks: parseCount(blocks, index) }),
  }
})
