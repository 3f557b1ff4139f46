import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { L1SignerRefusedError, L1SignerUnavailableError } from './errors.ts'

/** `tls` holds contents of PEM files: whom we trust, and who we are. */
export type SignerPlace = {
  url: string
  requestTimeoutMs: number
  tls?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }
}

type Answer = { result?: unknown; error?: { code: number; message: string } | null }

/** JSON-RPC for trouble of the signer itself, such as a key vault behind it that is away. */
const INTERNAL_ERROR = -32603

/**
 * Asks a remote signer once. Not by `fetch`, which knows no client certificates.
 * @throws {L1SignerUnavailableError} {L1SignerRefusedError}
 */
export async function askSigner(place: SignerPlace, method: string, params: readonly unknown[]): Promise<unknown> {
  const facts = { method, signer: new URL(place.url).host }
  const { status, body } = await post(place, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })).catch(
    (cause) => {
      const { requestTimeoutMs } = place
      const isLate = (cause as Error).name === 'AbortError'
      const reason = isLate
        ? `no answer in ${requestTimeoutMs} ms`
        : ((cause as NodeJS.ErrnoException).code ?? String(cause))
      throw new L1SignerUnavailableError('The remote signer cannot be reached.', { cause, facts: { ...facts, reason } })
    },
  )
  const answer = parse(body)
  if (answer === undefined) {
    if (status >= 500)
      throw new L1SignerUnavailableError('The remote signer has trouble.', { facts: { ...facts, status } })
    throw new L1SignerRefusedError('The remote signer does not answer in JSON-RPC.', { facts: { ...facts, status } })
  }
  const { result, error } = answer
  if (error === undefined || error === null) return result
  const said = { ...facts, code: error.code, answer: error.message }
  if (error.code === INTERNAL_ERROR)
    throw new L1SignerUnavailableError('The remote signer has trouble.', { facts: said })
  throw new L1SignerRefusedError('The remote signer refuses.', { facts: said })
}

function post({ url, requestTimeoutMs, tls }: SignerPlace, body: string): Promise<{ status: number; body: string }> {
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    signal: AbortSignal.timeout(requestTimeoutMs),
  }
  return new Promise((resolve, reject) => {
    const place = new URL(url)
    const request =
      place.protocol === 'https:' ? httpsRequest(place, { ...options, ...tls }) : httpRequest(place, options)
    request.once('error', reject)
    request.once('response', (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
    })
    request.end(body)
  })
}

function parse(body: string): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(body)
    const isAnswer = typeof answer === 'object' && answer !== null && ('result' in answer || 'error' in answer)
    return isAnswer ? (answer as Answer) : undefined
  } catch {
    return undefined // a page of some proxy
  }
}
