import { Interface } from 'ethers'
import type { Log } from './shapes.ts'

/** Of tokens. Source: ERC-20, ERC-721, ERC-1155, WETH9. */
const tokens = [
  'address indexed from, address indexed to, uint256',
  'address indexed from, address indexed to, uint256 indexed',
]
const EVENTS = [
  ...tokens.map((fields) => new Interface([`event Transfer(${fields} value)`])),
  ...tokens.map((fields) => new Interface([`event Approval(${fields} value)`])),
  new Interface(['event ApprovalForAll(address indexed owner, address indexed operator, bool approved)']),
  new Interface([
    'event Deposit(address indexed account, uint256 value)',
    'event Withdrawal(address indexed account, uint256 value)',
  ]),
]

/** `Transfer(from: 0x…, to: 0x…, value: 5)`; undefined for events of unknown form. */
export function describeLog({ topics, data }: Log): string | undefined {
  for (const event of EVENTS) {
    const parsed = parse(event, topics, data)
    if (parsed !== undefined) return parsed
  }
  return undefined
}

function parse(event: Interface, topics: readonly string[], data: string): string | undefined {
  try {
    const parsed = event.parseLog({ topics, data })
    if (parsed === null) return undefined
    const values = parsed.fragment.inputs.map(({ name }, index) => `${name}: ${parsed.args[index]}`)
    return `${parsed.name}(${values.join(', ')})`
  } catch {
    return undefined // the same name with other fields
  }
}
