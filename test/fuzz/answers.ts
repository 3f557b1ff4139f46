const INTERNAL = -32603

/** What is wrong with an answer, undefined when it is one of JSON-RPC and none of our own faults. */
export function faultOf(text: string): string | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return `not JSON: ${text.slice(0, 200)}`
  }
  const members = Array.isArray(answer) ? answer : [answer]
  return members.length === 0 ? 'an empty batch' : members.map(faultOfMember).find((fault) => fault !== undefined)
}

function faultOfMember(member: unknown): string | undefined {
  const shown = (JSON.stringify(member) ?? '').slice(0, 300)
  if (typeof member !== 'object' || member === null) return `not an object: ${shown}`
  const { jsonrpc, id, result, error, method } = member as Record<string, unknown>
  if (jsonrpc !== '2.0') return `not of version 2.0: ${shown}`
  if (method === 'eth_subscription') return undefined
  if (id !== null && typeof id !== 'string' && typeof id !== 'number') return `without an id: ${shown}`
  if ((result === undefined) === (error === undefined)) return `neither a result nor an error, or both: ${shown}`
  if (error === undefined) return undefined
  const { code, message } = error as Record<string, unknown>
  if (!Number.isInteger(code) || typeof message !== 'string') return `an error without code or text: ${shown}`
  return code === INTERNAL ? `an internal error: ${shown}` : undefined
}
