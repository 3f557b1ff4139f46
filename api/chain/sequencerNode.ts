import { bytesToHex } from '#common/bytes.ts'
import { jsonRpcTarget } from '#common/jsonRpcTarget.ts'
import type { PoolIntake } from '#pool/submission.ts'
import { Hash, type Hex } from '#protocol/primitives.ts'
import { RPC_CODE, RpcError, serverError } from '../errors.ts'

/** The trusted sequencer's JSON-RPC, for what only its pool knows. */
export interface SequencerNode {
  /** Undefined when it does not answer within two seconds. */
  ask<Result>(method: string, params: readonly unknown[]): Promise<Result | undefined>
  /** Hands transactions on. Rejects with the sequencer's own errors. */
  readonly intake: PoolIntake
}

/** A question that this node can answer itself, less well, does not wait longer. */
const ASK_TIMEOUT_MS = 2000

type Answer = { result?: unknown; error?: { code: number; message: string; data?: unknown } }

const NOT_TAKEN = 'this node takes no transactions: it follows L1 and knows no trusted sequencer to forward them to'
const NOT_REACHED = 'sequencer unavailable: the trusted sequencer does not answer, try again'

/** Without a URL nothing is known of the pool, and transactions are refused. */
export function createSequencerNode(url: string | undefined, timeoutMs: number): SequencerNode {
  const target = url === undefined ? undefined : jsonRpcTarget(url)

  async function call(method: string, params: readonly unknown[], limitMs = timeoutMs): Promise<Answer> {
    if (target === undefined) throw new RpcError(RPC_CODE.notSupported, NOT_TAKEN)
    try {
      const response = await target.post({ id: 1, method, params }, AbortSignal.timeout(limitMs))
      const answer = (await response.json()) as Answer
      if (answer.result === undefined && answer.error === undefined) throw serverError(NOT_REACHED)
      return answer
    } catch (cause) {
      throw new RpcError(RPC_CODE.server, NOT_REACHED, { cause })
    }
  }

  async function forward(raw: Uint8Array): Promise<{ hash: Hash }> {
    const { result, error } = await call('eth_sendRawTransaction', [bytesToHex(raw)])
    if (error !== undefined) throw new RpcError(error.code, error.message, { data: error.data })
    return { hash: Hash(result as Hex) }
  }

  return {
    async ask<Result>(method: string, params: readonly unknown[]) {
      if (target === undefined) return undefined
      const answer = await call(method, params, Math.min(timeoutMs, ASK_TIMEOUT_MS)).catch(() => undefined)
      return answer?.result as Result | undefined
    },
    intake: { submit: (raws) => Promise.all(raws.map(forward)) },
  }
}
