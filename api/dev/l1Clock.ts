import { jsonRpcTarget } from '#common/jsonRpcTarget.ts'
import { RPC_CODE, RpcError } from '../errors.ts'

/** L1 as far as the time of L2 depends on it: it takes no batch whose last block is later than it is itself. */
export interface L1Clock {
  /** Sees to it that L1 is at this time or past it. @throws {RpcError} when it is not, and is not ours to move */
  reach(timestamp: number): Promise<void>
}

const REQUEST_TIMEOUT_MS = 10_000

const notOurs = (timestamp: number, now: number) =>
  new RpcError(
    RPC_CODE.notSupported,
    `refused: L1 is at ${now} and takes no L2 block of ${timestamp}, ${timestamp - now} s later; ` +
      'no other node could follow. Time moves only where L1 is the anvil of the network (dev.movesL1Clock)',
  )

/** @param movable L1 is an anvil that may be moved */
export function createL1Clock({ rpcUrl, movable }: { rpcUrl: string | undefined; movable: boolean }): L1Clock {
  const target = rpcUrl === undefined ? undefined : jsonRpcTarget(rpcUrl)

  async function call<Result>(method: string, params: readonly unknown[]): Promise<Result> {
    if (target === undefined) throw new RpcError(RPC_CODE.notSupported, 'refused: this node knows no L1 (l1.rpcUrl)')
    try {
      const response = await target.post({ id: 1, method, params }, AbortSignal.timeout(REQUEST_TIMEOUT_MS))
      const { result, error } = (await response.json()) as { result?: Result; error?: { message: string } }
      if (error !== undefined) throw new Error(error.message)
      return result as Result
    } catch (cause) {
      throw new RpcError(RPC_CODE.server, `L1 does not answer ${method}: try again`, { cause })
    }
  }

  return {
    async reach(timestamp) {
      const latest = await call<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false])
      const ahead = timestamp - Number(latest.timestamp)
      if (ahead <= 0) return
      if (!movable) throw notOurs(timestamp, Number(latest.timestamp))
      await call('evm_increaseTime', [ahead])
      await call('evm_mine', [])
    },
  }
}
