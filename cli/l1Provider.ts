import { JsonRpcApiProvider, type JsonRpcPayload, type JsonRpcResult } from 'ethers'
import { L1RpcError } from '#etherman/errors.ts'
import { createL1Rpc } from '#etherman/rpc.ts'

const REQUEST_TIMEOUT_MS = 30_000

/** An ethers provider that asks as the node does: several endpoints, and no URL in an error, where ethers has it. */
export class L1Provider extends JsonRpcApiProvider {
  readonly #rpc: ReturnType<typeof createL1Rpc>

  constructor(rpcUrls: readonly string[]) {
    super(undefined, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 })
    this.#rpc = createL1Rpc({ rpcUrls, requestTimeoutMs: REQUEST_TIMEOUT_MS })
    this._start()
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    const requests = Array.isArray(payload) ? payload : [payload]
    return await Promise.all(requests.map((request) => this.#ask(request)))
  }

  override destroy(): void {
    super.destroy()
    this.#rpc.close()
  }

  async #ask({ id, method, params }: JsonRpcPayload): Promise<JsonRpcResult> {
    try {
      return { id, result: await this.#rpc.call(method, params as readonly unknown[]) }
    } catch (error) {
      if (!(error instanceof L1RpcError)) throw error
      const { code, answer: message, data } = error
      return { id, error: { code, message, data } } as unknown as JsonRpcResult // ethers reads either
    }
  }
}
