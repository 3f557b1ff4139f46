import { CHAIN_ID, MemoryChain } from '#executor/testing/chain.ts'
import { decodeRawTransaction, recoverSender } from '#protocol/transaction.ts'
import { cpuSeconds } from './measure.ts'
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
  ]
  const { length: senders } = signer.senders
  return { name: `executor: ${BLOCKS} blocks of ${TRANSACTIONS_PER_BLOCK} transactions, ${senders} senders`, rows }
}
