import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { computeAddress, Signature, Transaction } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'

export type SignerRequest = { from: Address; to: Address; data: Hex; value: Hex; chainId: Hex } & Record<string, Hex>
type Call = { id: number; method: string; params: [SignerRequest?] }

/** What is wrong with it. All may change while requests come. */
export type SignerFaults = {
  /** Connections are cut. */
  down?: boolean
  /** Answers are this late. */
  latencyMs?: number
  /** An answer of its own, with its HTTP status; text is no JSON-RPC. */
  answer?: (call: Call) => { status?: number; body: object | string } | undefined
  /** It signs something else. */
  tamper?: (transaction: Transaction) => void
  /** It signs with another key. */
  key?: Hex
}

export type TestSigner = {
  url: string
  /** In force now. Assign to change them. */
  faults: SignerFaults
  /** Requests to sign, newest last. */
  readonly signed: SignerRequest[]
  close(): Promise<void>
}

type Options = {
  keys: readonly Hex[]
  chainId?: number
  /** PEM: its certificate, and the authority of those it lets in. */
  tls?: { cert: string; key: string; ca: string }
}

const NO_SUCH_ACCOUNT = { code: -32000, message: 'No unlocked account matches the Sender' }
const INVALID_PARAMS = { code: -32602, message: 'Invalid params' }

/**
 * A signer on loopback with the eth1 methods of web3signer, its errors and their HTTP status. Like many key vaults it
 * never gives the same signature twice.
 */
export async function startTestSigner({ keys, chainId = 1337, tls }: Options): Promise<TestSigner> {
  const accounts = new Map(keys.map((key) => [computeAddress(key).toLowerCase(), key]))
  const signer = { url: '', faults: {} as SignerFaults, signed: [] as SignerRequest[], close }

  function answer({ method, params: [request] }: Call): { status: number; body: object } {
    if (method === 'eth_accounts') return { status: 200, body: { result: [...accounts.keys()].sort() } }
    if (method !== 'eth_signTransaction' || request?.['nonce'] === undefined)
      return { status: 400, body: { error: INVALID_PARAMS } }
    const key = accounts.get(request.from)
    if (key === undefined) return { status: 400, body: { error: NO_SUCH_ACCOUNT } }
    signer.signed.push(request)
    const { tamper = () => {}, key: otherKey = key } = signer.faults
    const transaction = transactionOf(request, chainId)
    tamper(transaction)
    transaction.signature = signAnew(transaction.unsignedHash as Hex, otherKey)
    return { status: 200, body: { result: transaction.serialized } }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (signer.faults.down) return void request.socket.destroy()
    const call = (await json(request)) as Call
    if (signer.faults.latencyMs !== undefined) await sleep(signer.faults.latencyMs)
    const { status = 200, body } = signer.faults.answer?.(call) ?? answer(call)
    const text = typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', id: call.id, ...body })
    if (!response.destroyed) response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => request.socket.destroy()) // the client has left
  }
  const server = tls ? createTlsServer({ ...tls, requestCert: true }, listener) : createServer(listener)
  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  signer.url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return signer
}

/** The chain is that of the signer, whatever is asked for. */
function transactionOf(request: SignerRequest, chainId: number): Transaction {
  const { from: _, gas, chainId: __, ...fields } = request
  return Transaction.from({
    ...fields,
    ...{ type: request['gasPrice'] === undefined ? 2 : 0, chainId, nonce: Number(request['nonce']), gasLimit: gas! },
  })
}

function signAnew(digest: Hex, key: Hex): Signature {
  const options = { prehash: false, lowS: true, format: 'recovered', extraEntropy: true } as const
  const [recovery, ...compact] = secp256k1.sign(hexToBytes(digest), hexToBytes(key), options)
  const [r, s] = [compact.slice(0, 32), compact.slice(32)].map((half) => `0x${Buffer.from(half).toString('hex')}`)
  return Signature.from({ r: r!, s: s!, yParity: (recovery! & 1) as 0 | 1 })
}
