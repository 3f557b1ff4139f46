/** Why a frame failed: in anvil's words, and in the node's, which are those JSON-RPC clients know. */
const WORDS: readonly [anvil: RegExp, node: string][] = [
  [/^([oO]ut of gas(: .*)?|OutOfGas|MemoryOOG|InvalidOperandOOG|ReentrancySentryOOG)$/, 'out of gas'],
  [/^(StateChangeDuringStaticCall|CallNotAllowedInsideStatic)$/, 'write protection'],
  [/^(invalid opcode(: INVALID)?|InvalidFEOpcode|OpcodeNotFound|NotActivated|Bad instruction)$/, 'invalid opcode'],
  [/^(invalid jump destination|InvalidJump|Bad jump destination)$/, 'invalid jump destination'],
  [/^(Out of stack|StackOverflow)$/, 'stack overflow'],
  [/^StackUnderflow$/, 'stack underflow'],
  [/^OutOfOffset$/, 'return data out of bounds'],
  [/^CreateCollision$/, 'contract address collision'],
  [/^CreateContractSizeLimit$/, 'max code size exceeded'],
  [/^(precompiled failed|Built-in failed)$/, 'precompile failed'],
  [/^(execution reverted|Reverted)$/, 'execution reverted'],
  [/^[iI]nsufficient balance for transfer$/, 'insufficient balance for transfer'],
]

/** What the node has to say where anvil says this. anvil takes a DUP of too few words for one too many. */
export function nodeError(anvil: string, node: unknown): string {
  const words = WORDS.find(([pattern]) => pattern.test(anvil))?.[1]
  if (words === undefined) throw new Error(`anvil failed with words nobody knows: ${anvil}`)
  return words === 'stack overflow' && /^stack underflow$/i.test(String(node)) ? 'stack underflow' : words
}
