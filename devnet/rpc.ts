import { NodeError } from '#common/errors.ts'

export class RpcCallError extends NodeError {
  override readonly name = 'RpcCallError'
}

type Answer = { id: number; result?: unknown; error?: { code: number; message: string } }

/** Calls a JSON-RPC method. @throws {RpcCallError} with the server's code and text */
export async function call<T>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  const [answer] = await post(url, [{ method, params }])
  return unwrap<T>(answer!, method)
}

/** Calls many at once, in one request per hundred; answers in order. */
export async function callMany<T>(
  url: string,
  calls: readonly { method: string; params: readonly unknown[] }[],
): Promise<T[]> {
  const results: T[] = []
  for (let start = 0; start < calls.length; start += 100) {
    const part = calls.slice(start, start + 100)
    const answers = await post(url, part)
    results.push(...answers.map((answer, index) => unwrap<T>(answer, part[index]!.method)))
  }
  return results
}

function unwrap<T>(answer: Answer, method: string): T {
  if (answer.error) throw new RpcCallError(answer.error.message, { facts: { method, code: answer.error.code } })
  return answer.result as T
}

async function post(url: string, calls: readonly { method: string; params: readonly unknown[] }[]): Promise<Answer[]> {
  const body = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answers = (await response.json()) as Answer[] | Answer
  if (!Array.isArray(answers))
    throw new RpcCallError(answers.error?.message ?? 'No answer.', { facts: { status: response.status } })
  return answers.sort((a, b) => a.id - b.id)
}
