import { type Address, ZERO_ADDRESS, ZERO_HASH } from '#protocol/primitives.ts'
import { L1RpcError } from './errors.ts'
import { sequencingInterfaces } from './interfaces.ts'
import type { L1Rpc } from './rpc.ts'
import { type SequenceCalldata, sequenceForm } from './sequenceCalldata.ts'

type Form = SequenceCalldata['form']

/** Arguments of a sequence without batches, which every form refuses with an error of its own. */
const EMPTY_ARGUMENTS: Record<Form, readonly unknown[]> = {
  etrog: [[], ZERO_ADDRESS],
  elderberry: [[], 0, 0, ZERO_ADDRESS],
  banana: [[], 0, 0, ZERO_HASH, ZERO_ADDRESS],
}

/**
 * Which form of sequenceBatches the contract has now. It does not follow from the fork: a rollup of fork 12 may run on
 * contracts of fork 9, and an upgrade changes contract and fork at different batches. A contract reverts without data
 * when it lacks the function. The form that is usual with the fork is asked for first, and taken when none shows itself.
 */
export async function readSequenceForm(rpc: L1Rpc, rollup: Address, forkId: number): Promise<Form> {
  const usual = sequenceForm(forkId)
  const others = (Object.keys(EMPTY_ARGUMENTS) as Form[]).filter((form) => form !== usual)
  for (const form of [usual, ...others]) if (await hasForm(rpc, rollup, form)) return form
  return usual
}

async function hasForm(rpc: L1Rpc, rollup: Address, form: Form): Promise<boolean> {
  const data = sequencingInterfaces[form].encodeFunctionData('sequenceBatches', EMPTY_ARGUMENTS[form])
  try {
    await rpc.call('eth_call', [{ to: rollup, data }, 'latest'])
    return true
  } catch (error) {
    if (!(error instanceof L1RpcError)) throw error
    return error.data !== undefined && error.data !== '0x'
  }
}
