import { addressOfKey } from '#executor/testing/chain.ts'
import { address, COINBASE } from '#executor/testing/memoryState.ts'
import { SENDER_KEY } from './scenario.ts'
import type { TracePair } from './traceRuns.ts'

type Account = { balance?: string }
type State = Record<string, Account>

const SENDER = addressOfKey(SENDER_KEY)
/** The callee is looked at before the gas for it is missing; anvil looks at it afterwards. */
const CALLEE_NOT_REACHED = /^CALL of a new account with value and \d+ gas left$/
const NOTHING = JSON.stringify({ balance: '0x0' })

/** The state before the transaction as the node must tell it where anvil tells this one. */
export function expectedPrestate({ scenario, node, anvil, overpaid }: TracePair): State {
  const state = correctFees(anvil as State, overpaid.before)
  if (!CALLEE_NOT_REACHED.test(scenario.name)) return state
  const unreached = Object.entries(node as State).filter(
    ([owner, account]) => !(owner in state) && JSON.stringify(account) === NOTHING,
  )
  return { ...state, ...Object.fromEntries(unreached) }
}

/** The same for what the transaction changes. */
export function expectedDifference({ anvil, overpaid }: TracePair): { pre: State; post: State } {
  const { pre, post } = anvil as { pre: State; post: State }
  return { pre: correctFees(pre, overpaid.before), post: correctFees(post, overpaid.after) }
}

/** The sender has what it would have paid at Berlin, see `berlinGasUsed`. */
function correctFees(state: State, overpaid: bigint): State {
  const correct = (owner: string, amount: bigint): State => {
    const { balance, ...rest } = state[owner] ?? {}
    return balance === undefined
      ? {}
      : { [owner]: { balance: `0x${(BigInt(balance) + amount).toString(16)}`, ...rest } }
  }
  return { ...state, ...correct(SENDER, overpaid), ...correct(address(COINBASE), -overpaid) }
}
