import type { ForkRules } from '#protocol/forks.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import type { Address } from '#protocol/primitives.ts'
import { contractAddress, type Transaction } from '#protocol/transaction.ts'
import type { CounterMeter } from './counters/meter.ts'
import { type BlockContext, Evm, type Log } from './evm/interpreter.ts'
import type { Pace } from './evm/pace.ts'
import type { PrecompileLookup } from './evm/precompiles/precompiles.ts'
import type { Tracer } from './evm/tracer.ts'
import { findIntrinsicError, type IntrinsicError } from './intrinsic.ts'
import { type AccountState, StateMiss, type WorldState } from './worldState.ts'

export type RunContext = {
  world: WorldState
  rules: ForkRules
  block: BlockContext
  counters: CounterMeter
  tracer?: Tracer | undefined
  /** What makes the run pause, and end before its time. */
  pace?: Pace | undefined
  /** May end the run by throwing. */
  watch?: (() => void) | undefined
  precompiles?: PrecompileLookup | undefined
}

/** What a message takes from a transaction, signed or not. */
export type Message = {
  to: Address | undefined
  gasLimit: number
  /** wei per gas that is charged. */
  gasPrice: bigint
  value: bigint
  data: Uint8Array
  /** Nonce of the sender before the message: gives the address of a deployed contract. */
  nonce: bigint
}

export type MessageResult = {
  success: boolean
  gasUsed: number
  /** Before the refund: what the execution needed at hand. */
  gasSpent: number
  returnData: Uint8Array
  logs: readonly Log[]
  error: string | undefined
  contractAddress: Address | undefined
  disabledPrecompile: boolean
}

export type TransactionResult = { kind: 'executed'; result: MessageResult } | { kind: 'invalid'; error: IntrinsicError }

/** Runs a signed transaction and moves its fee to the coinbase. An invalid one changes nothing. */
export async function runTransaction(
  context: RunContext,
  transaction: Transaction,
  from: Address,
  gasPrice: bigint,
): Promise<TransactionResult> {
  const { world, block } = context
  const { to, data, value, nonce } = transaction
  await world.prefetch([from, block.coinbase], to === undefined ? [] : [to])
  const sender = world.account(from)
  const gas = intrinsicGas(data, to === undefined)
  const error = findIntrinsicError(transaction, { sender, batchChainId: block.chainId, gas, gasPrice })
  if (error !== undefined) return { kind: 'invalid', error }
  const gasLimit = Number(transaction.gasLimit)
  const result = await runCharged(context, sender, { to, gasLimit, gasPrice, value, data, nonce }, gas)
  return { kind: 'executed', result }
}

/** Nonce, fee, execution, what the fee was too much, the coinbase's share. Sender and coinbase must be in memory. */
export async function runCharged(
  context: RunContext,
  sender: AccountState,
  message: Message,
  intrinsic: number,
): Promise<MessageResult> {
  const { world, block } = context
  const { gasLimit, gasPrice, nonce } = message
  world.beginTransaction()
  world.observe(context.tracer)
  try {
    world.setNonce(sender, nonce + 1n)
    world.setBalance(sender, sender.balance - gasPrice * BigInt(gasLimit))
    const result = await runMessage(context, sender, message, intrinsic)
    world.setBalance(sender, sender.balance + gasPrice * BigInt(gasLimit - result.gasUsed))
    const coinbase = world.account(block.coinbase)
    world.setBalance(coinbase, coinbase.balance + gasPrice * BigInt(result.gasUsed))
    return result
  } finally {
    world.observe(undefined)
  }
}

/**
 * The execution between the fee's charge and its return. The caller has called `beginTransaction`; a failed message
 * leaves the world as it found it. @param intrinsic gas gone before the first instruction
 */
export async function runMessage(
  context: RunContext,
  sender: AccountState,
  message: Message,
  intrinsic: number,
): Promise<MessageResult> {
  const { to, gasLimit } = message
  const target = targetOf(sender, message)
  await context.world.prefetch([sender.address], [target])
  const { evm, code } = enterMessage(context, sender, message, gasLimit - intrinsic)
  const outcome = await evm.run()
  context.counters.warmed(context.world.warmed)
  context.counters.transaction(to === undefined ? outcome.output.length : code.sizeBytes, to === undefined)
  const gasSpent = gasLimit - outcome.gasLeft
  const refund = outcome.success ? Math.min(Math.max(evm.refund, 0), Math.floor(gasSpent / 2)) : 0
  return {
    success: outcome.success,
    gasUsed: gasSpent - refund,
    gasSpent,
    returnData: outcome.output,
    logs: evm.logs,
    error: outcome.error,
    contractAddress: to === undefined ? target : undefined,
    disabledPrecompile: outcome.disabledPrecompile,
  }
}

/** What the message would read next that is not in memory; undefined when it would run to its end. Changes nothing. */
export function findMissOfMessage(context: RunContext, sender: AccountState, message: Message): StateMiss | undefined {
  const { world } = context
  const checkpoint = world.checkpoint()
  world.beginTransaction()
  try {
    return enterMessage(context, sender, message, message.gasLimit).evm.runToMiss()
  } catch (error) {
    if (error instanceof StateMiss) return error
    throw error
  } finally {
    world.revertTo(checkpoint)
  }
}

function targetOf(sender: AccountState, { to, nonce }: Message): Address {
  return to ?? contractAddress(sender.address, nonce)
}

/** @throws {StateMiss} unless the target and its code are in memory */
function enterMessage(context: RunContext, sender: AccountState, message: Message, gas: number) {
  const { world } = context
  const { to, gasPrice, value, data } = message
  const account = world.account(targetOf(sender, message))
  const code = world.code(account)
  world.warmAccount(sender)
  world.warmAccount(account)
  const evm = new Evm({ ...context, transaction: { origin: BigInt(sender.address), gasPrice } })
  if (to === undefined)
    evm.enterCreate({ kind: 'CREATE', creator: sender, target: account, initCode: data, value, gas, isDeploy: true })
  else
    evm.enterCall(
      {
        kind: 'CALL',
        account,
        codeAddress: to,
        code,
        caller: BigInt(sender.address),
        value,
        input: data,
        gas,
        isStatic: false,
        isDeploy: false,
        outputOffset: 0,
        outputLength: 0,
      },
      sender,
    )
  return { evm, code }
}
