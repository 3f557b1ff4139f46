import { CounterModel } from '#executor/counters/counterModel.ts'
import { CounterMeter, counterTable } from '#executor/counters/meter.ts'
import { NO_COUNTERS } from '#executor/counters/zkCounters.ts'
import { CHAIN_ID, MemoryChain } from '#executor/testing/chain.ts'
import { getForkRules } from '#protocol/forks.ts'
import { decodeRawTransaction, recoverSender } from '#protocol/transaction.ts'
import { cpuSeconds, median } from './measure.ts'
import type { BenchResult } from './run.ts'
import { TransferSigner } from './transfers.ts'

const BLOCKS = 10
const TRANSACTIONS_PER_BLOCK = 300
const TRANSACTIONS = BLOCKS * TRANSACTIONS_PER_BLOCK

async function measure(what: string, chain: MemoryChain, raw: readonly Uint8Array[]) {
  const decoding = await cpuSeconds(() =>
    raw.map((bytes) => {
      const transaction = decodeRawTransaction(bytes)
      return { transaction, sender: recoverSender(transaction) }
    }),
  )
  let closing = 0
  let gas = 0
  const executing = await cpuSeconds(async () => {
    for (let start = 0; start < raw.length; start += TRANSACTIONS_PER_BLOCK) {
      const builder = await chain.open()
      for (const { transaction, sender } of decoding.value.slice(start, start + TRANSACTIONS_PER_BLOCK)) {
        const result = await builder.execute(transaction, sender, 255)
        if (result.kind !== 'included' || result.receipt.status !== 1) throw new Error(`${what} failed`)
      }
      const closed = await cpuSeconds(() => chain.close(builder))
      closing += closed.seconds
      gas += closed.value.gasUsed
    }
  })
  const perSecond = (seconds: number) => Math.round(raw.length / seconds)
  return {
    what,
    'transactions per CPU second': perSecond(decoding.seconds + executing.seconds),
    'of them senders recovered per CPU second': perSecond(decoding.seconds),
    'executed per CPU second': perSecond(executing.seconds - closing),
    'closed into blocks per CPU second': perSecond(closing),
    'Mgas per CPU second of execution': Math.round(gas / (executing.seconds - closing) / 1e6),
  }
}

const RULES = getForkRules(9)
const NO_COUNTS = new Uint32Array(256)

/** Counts nothing, but for the one addition the interpreter makes for each instruction. */
class IdleMeter extends CounterMeter {
  override opcodeCounts = () => NO_COUNTS
  override exp = () => {}
  override keccak = () => {}
  override calldataCopy = () => {}
  override codeCopy = () => {}
  override extCodeCopy = () => {}
  override returnDataCopy = () => {}
  override log = () => {}
  override return = () => {}
  override revert = () => {}
  override call = () => {}
  override callFrame = () => {}
  override create = () => {}
  override createFrame = () => {}
  override precompile = () => {}
  override warmed = () => {}
  override transaction = () => {}
  override total = () => NO_COUNTERS
}

class IdleModel extends CounterModel {
  readonly #meter = new IdleMeter(counterTable(RULES, 'estimate'))
  override createMeter = () => this.#meter
  override parse = () => ({ counters: NO_COUNTERS, sizeBytes: 0 })
}

const COUNTING_ROUNDS = 15

/** The same block with and without counting, in turns. */
async function shareOfCounting(what: string, chain: MemoryChain, raw: readonly Uint8Array[]) {
  const signed = raw.map((bytes) => {
    const transaction = decodeRawTransaction(bytes)
    return { transaction, sender: recoverSender(transaction) }
  })
  const [counting, idle] = [new CounterModel(RULES), new IdleModel(RULES)]
  const execute = async (counterModel: CounterModel) => {
    const builder = await chain.open({ counterModel })
    const { seconds } = await cpuSeconds(async () => {
      for (const { transaction, sender } of signed) await builder.execute(transaction, sender, 255)
    })
    if (builder.receipts.length !== signed.length) throw new Error(`${what} failed`)
    return { builder, seconds }
  }
  const secondsWith = async (counterModel: CounterModel) => {
    const { builder, seconds } = await execute(counterModel)
    builder.discard()
    return seconds
  }
  const shares: number[] = []
  for (let round = 0; round < COUNTING_ROUNDS; round++) {
    const [first, second] = round % 2 === 0 ? [counting, idle] : [idle, counting]
    const seconds = new Map([
      [first, await secondsWith(first)],
      [second, await secondsWith(second)],
    ])
    shares.push(1 - seconds.get(idle)! / seconds.get(counting)!)
  }
  await chain.close((await execute(counting)).builder)
  return { what, 'counting, % of execution': Math.round(1000 * median(shares)) / 10 }
}

/** Raw transactions to consolidated blocks in memory: decoding, senders, execution, counters, roots. */
export async function run(): Promise<BenchResult> {
  const signer = new TransferSigner(CHAIN_ID)
  const chain = await MemoryChain.create(signer.senders.map((address) => ({ address, balance: 10n ** 24n, nonce: 0n })))
  const { transaction, sender } = signer.deployment
  const builder = await chain.open()
  const deployed = await builder.execute(transaction, sender, 255)
  if (deployed.kind !== 'included' || deployed.receipt.status !== 1) throw new Error('Deployment failed.')
  await chain.close(builder)
  const rows = [
    await measure('ETH transfers', chain, signer.sign('eth', TRANSACTIONS)),
    await measure('ERC-20 transfers', chain, signer.sign('erc20', TRANSACTIONS)),
    await measure('ERC-20 transfers, again', chain, signer.sign('erc20', TRANSACTIONS)),
    await shareOfCounting('ETH transfers, counting', chain, signer.sign('eth', TRANSACTIONS)),
    await shareOfCounting('ERC-20 transfers, counting', chain, signer.sign('erc20', TRANSACTIONS)),
  ]
  const { length: senders } = signer.senders
  return { name: `executor: ${BLOCKS} blocks of ${TRANSACTIONS_PER_BLOCK} transactions, ${senders} senders`, rows }
}
