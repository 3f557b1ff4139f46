import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

export type Encoding = 'gzip' | 'br'

/** Smaller answers are sent as they are. */
const MIN_LENGTH = 1024
const MAX_REMEMBERED = 100
/** Compressing is on the way of each answer: fast levels. */
const GZIP = { level: 4 }
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }

const [zip, brotli] = [promisify(gzip), promisify(brotliCompress)]
const remembered = new Map<string, Encoding | undefined>()

/** The encoding for an answer, undefined for none. `accepted` is the header accept-encoding. */
export function chooseEncoding(answer: string, accepted: string | undefined): Encoding | undefined {
  if (answer.length <= MIN_LENGTH || accepted === undefined) return undefined
  if (remembered.has(accepted)) return remembered.get(accepted)
  const encoding = readAccepted(accepted)
  if (remembered.size < MAX_REMEMBERED) remembered.set(accepted, encoding)
  return encoding
}

export async function compress(answer: string, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  return encoding === 'gzip' ? await zip(answer, GZIP) : await brotli(answer, BROTLI)
}

/** The encoding of the highest weight; of equals gzip, which costs less. Source: RFC 9110, 12.5.3. */
function readAccepted(accepted: string): Encoding | undefined {
  const weights = new Map<string, number>()
  for (const part of accepted.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim())
    const weight = parameters.find((text) => text.startsWith('q='))
    weights.set(name!, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  const weightOf = (encoding: Encoding) => weights.get(encoding) ?? weights.get('*') ?? 0
  const best: Encoding = weightOf('br') > weightOf('gzip') ? 'br' : 'gzip'
  return weightOf(best) > 0 ? best : undefined
}
