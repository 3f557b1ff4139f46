import { hexToBytes } from '#common/bytes.ts'
import { keccakHex } from '#protocol/keccak.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import type { Log } from './evm/interpreter.ts'
import type { TraceEnter, TraceExit, Tracer } from './evm/tracer.ts'
import { wordToHash } from './words.ts'

const TRANSFER_TOPIC = keccakHex(new TextEncoder().encode('Transfer(address,address,uint256)'))
/** Stands for ether where tokens have their contract. */
const ETHER: Address = `0x${'ee'.repeat(20)}` as Address
const MOVING_KINDS: ReadonlySet<TraceEnter['kind']> = new Set(['CALL', 'CREATE', 'CREATE2', 'SELFDESTRUCT'])

/** The logs of a run with one more for each movement of ether, in the form of an ERC-20 transfer. */
export class TransferLogs implements Tracer {
  readonly logs: Log[] = []
  /** How many logs there were when each open frame began. */
  readonly #counts: number[] = []

  onEnter({ kind, from, to, value = 0n }: TraceEnter): void {
    this.#counts.push(this.logs.length)
    if (value > 0n && MOVING_KINDS.has(kind))
      this.logs.push({
        address: ETHER,
        topics: [TRANSFER_TOPIC, topicOf(from), topicOf(to)],
        data: hexToBytes(wordToHash(value)),
      })
  }

  onExit({ error }: TraceExit): void {
    const count = this.#counts.pop()!
    if (error !== undefined) this.logs.length = count
  }

  onLog(log: Log): void {
    this.logs.push(log)
  }
}

const topicOf = (address: Address): Hash => wordToHash(BigInt(address))
