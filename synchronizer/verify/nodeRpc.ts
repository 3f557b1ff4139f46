import { z } from 'zod'
import { NodeError } from '#common/errors.ts'
import { jsonRpcTarget } from '#common/jsonRpcTarget.ts'

/** A node does not answer, or not as a node of this kind does. */
export class NodeRpcError extends NodeError {
  override readonly name = 'NodeRpcError'
}

/** Asks one node. @throws {NodeRpcError} */
export type NodeRpc = (method: string, ...params: readonly unknown[]) => Promise<unknown>

const answer = z.union([
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
])

export function createNodeRpc(url: string, requestTimeoutMs: number): NodeRpc {
  const target = jsonRpcTarget(url)
  return async (method, ...params) => {
    const facts = { url: new URL(url).origin, method }
    const response = await target
      .post({ id: 1, method, params }, AbortSignal.timeout(requestTimeoutMs))
      .then(async (read) => answer.parse(await read.json()))
      .catch((cause: unknown) => {
        throw new NodeRpcError('The node does not answer as JSON-RPC does.', { cause, facts })
      })
    if ('error' in response)
      throw new NodeRpcError(`The node refuses: ${response.error.message}`, {
        facts: { ...facts, code: response.error.code },
      })
    return response.result
  }
}
