import { randomInt } from 'node:crypto'
import { Wallet } from 'ethers'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { devAccounts, extraAccountAddress } from '#devnet/accounts.ts'
import { keccak256 } from '#protocol/keccak.ts'
import type { Hex } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { type TransferKind, TransferSigner } from '../transfers.ts'
import { RpcClient } from './rpcClient.ts'

const CONNECTIONS = 32
const TRANSACTIONS_A_REQUEST = 100
const POLL_MS = 50
const DEADLINE_MS = 300_000
const SENDER_WEI = 20n * 10n ** 18n

export type LoadOptions = {
  rpcUrl: string
  /** Transactions a phase. */
  transactions: number
  /** Recipients are drawn from the extra accounts of the genesis; without any, transfers go between the senders. */
  extraAccounts: number
}

export type LoadResult = {
  transactions: number
  accepted: number
  /** What the server said to those it did not take, and how often. */
  refusals: Readonly<Record<string, number>>
  mined: number
  blocks: number
  largestBlock: number
  /** All three from the first send on: last answer, first and last transaction seen in a block. */
  acceptedSeconds: number
  firstMinedSeconds: number
  lastMinedSeconds: number
}

/** Bodies of requests, in order for each sender. */
type Bodies = readonly (readonly Buffer[])[]

/** Transfers of fifty accounts, signed and serialized beforehand, sent as fast as the server takes them. */
export class Load {
  readonly #options: LoadOptions
  readonly #signer: TransferSigner
  readonly #sending: RpcClient
  readonly #polling: RpcClient
  #hashes: Hex[] = []
  #bodies: Bodies = []

  private constructor(options: LoadOptions, signer: TransferSigner, polling: RpcClient) {
    this.#options = options
    this.#signer = signer
    this.#polling = polling
    this.#sending = new RpcClient(options.rpcUrl, CONNECTIONS)
  }

  /** Gives the senders ether and creates the token that they hold. */
  static async prepare(options: LoadOptions): Promise<Load> {
    const polling = new RpcClient(options.rpcUrl, 1)
    const [chainId, price] = [await polling.call<Hex>('eth_chainId'), await polling.call<Hex>('eth_gasPrice')]
    const gasPrice = 2n * BigInt(price)
    const { extraAccounts } = options
    const signer = new TransferSigner(Number(chainId), {
      gasPrice,
      recipientOf: (index, senders) =>
        extraAccounts > 0 ? extraAccountAddress(randomInt(extraAccounts)) : anotherSender(index, senders),
    })
    const load = new Load(options, signer, polling)
    await load.#fund(BigInt(chainId), gasPrice)
    const deployment = bytesToHex(encodeRawTransaction(signer.deployment.transaction))
    await load.#mineOne(await polling.call<Hex>('eth_sendRawTransaction', [deployment]))
    return load
  }

  async #fund(chainId: bigint, gasPrice: bigint): Promise<void> {
    const { address, privateKey } = devAccounts().at(-1)!
    const wallet = new Wallet(privateKey)
    let nonce = Number(await this.#polling.call<Hex>('eth_getTransactionCount', [address, 'pending']))
    const raw: Uint8Array[] = []
    for (const to of this.#signer.senders) {
      const fields = { type: 0, chainId, gasPrice, gasLimit: 21_000, nonce: nonce++, to, value: SENDER_WEI }
      raw.push(hexToBytes(await wallet.signTransaction(fields)))
    }
    for (const body of serialize(raw, 1).flat()) await this.#polling.post(body)
    await this.#mineOne(bytesToHex(keccak256(raw.at(-1)!)))
  }

  async #mineOne(hash: Hex): Promise<void> {
    for (;;) {
      const receipt = await this.#polling.call<{ status: Hex } | null>('eth_getTransactionReceipt', [hash])
      if (receipt?.status === '0x1') return
      if (receipt !== null) throw new Error(`The transaction ${hash} of the preparation failed.`)
      await sleep(POLL_MS)
    }
  }

  /** Makes everything that `send` sends. */
  sign(kind: TransferKind): void {
    const raw = this.#signer.sign(kind, this.#options.transactions)
    this.#hashes = raw.map((bytes) => bytesToHex(keccak256(bytes)))
    this.#bodies = serialize(raw, this.#signer.senders.length)
  }

  /** Sends what was signed last and waits until all of it is mined. */
  async send(): Promise<LoadResult> {
    const startedAt = performance.now()
    const seconds = () => (performance.now() - startedAt) / 1000
    const firstBlock = Number(await this.#polling.call<Hex>('eth_blockNumber')) + 1
    const end = new AbortController()
    const watching = this.#watch(firstBlock, seconds, end.signal)
    const sent = await this.#sendAll()
    const acceptedSeconds = seconds()
    const refused = this.#hashes.length - sent.accepted
    if (refused > 0) setTimeout(() => end.abort(), 20_000).unref() // those behind a refused one are never mined
    return { transactions: this.#hashes.length, ...sent, acceptedSeconds, ...(await watching) }
  }

  async #sendAll(): Promise<Pick<LoadResult, 'accepted' | 'refusals'>> {
    let accepted = 0
    const refusals: Record<string, number> = {}
    const queues = this.#bodies.values()
    const sender = async () => {
      for (const bodies of queues) {
        for (const body of bodies) {
          const answers = JSON.parse(await this.#sending.post(body)) as { result?: Hex; error?: { message: string } }[]
          for (const { result, error } of answers) {
            if (result !== undefined) accepted++
            else refusals[error!.message] = (refusals[error!.message] ?? 0) + 1
          }
        }
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, sender))
    return { accepted, refusals }
  }

  async #watch(firstBlock: number, seconds: () => number, signal: AbortSignal) {
    const awaited = new Set(this.#hashes)
    let [next, blocks, largestBlock, firstMinedSeconds, lastMinedSeconds] = [firstBlock, 0, 0, 0, 0]
    while (awaited.size > 0 && !signal.aborted && seconds() * 1000 < DEADLINE_MS) {
      const head = Number(await this.#polling.call<Hex>('eth_blockNumber'))
      for (; next <= head; next++) {
        const number = `0x${next.toString(16)}`
        const block = await this.#polling.call<{ transactions: Hex[] } | null>('eth_getBlockByNumber', [number, false])
        if (block === null) break
        const found = block.transactions.filter((hash) => awaited.delete(hash)).length
        if (found === 0) continue
        lastMinedSeconds = seconds()
        if (blocks++ === 0) firstMinedSeconds = lastMinedSeconds
        largestBlock = Math.max(largestBlock, found)
      }
      if (awaited.size > 0) await sleep(POLL_MS)
    }
    return { mined: this.#hashes.length - awaited.size, blocks, largestBlock, firstMinedSeconds, lastMinedSeconds }
  }

  close(): void {
    this.#sending.close()
    this.#polling.close()
  }
}

/** Each sender pays all others in turn. */
function anotherSender<T>(index: number, senders: readonly T[]): T {
  const round = Math.floor(index / senders.length)
  return senders[(index + 1 + (round % (senders.length - 1))) % senders.length]!
}

/** `raw` comes from the senders in turns. */
export function serialize(raw: readonly Uint8Array[], senders: number): Bodies {
  return Array.from({ length: senders }, (_, sender) => {
    const own = raw.filter((_, index) => index % senders === sender)
    const requests = Math.ceil(own.length / TRANSACTIONS_A_REQUEST)
    return Array.from({ length: requests }, (_, request) => {
      const start = request * TRANSACTIONS_A_REQUEST
      const calls = own.slice(start, start + TRANSACTIONS_A_REQUEST).map((bytes, id) => {
        return { jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [bytesToHex(bytes)] }
      })
      return Buffer.from(JSON.stringify(calls))
    })
  })
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
