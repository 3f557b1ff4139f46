import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { NodeError } from '#common/errors.ts'

export class BodyTooLargeError extends NodeError {
  override readonly name = 'BodyTooLargeError'
}
/** The body is not what its content-encoding says, or in an encoding that is not read. */
export class BodyEncodingError extends NodeError {
  override readonly name = 'BodyEncodingError'
}

const unzip = promisify(gunzip)

/**
 * The body as text, counted while it is read: no more than `maxBytes` are ever held, compressed or not.
 * @throws {BodyTooLargeError}
 * @throws {BodyEncodingError}
 */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  const encoding = request.headers.get('content-encoding')
  const bytes = await collect(request, maxBytes)
  if (encoding === null || encoding === 'identity') return bytes.toString('utf8')
  if (encoding !== 'gzip') throw new BodyEncodingError('Only gzip bodies are read.', { facts: { encoding } })
  try {
    return (await unzip(bytes, { maxOutputLength: maxBytes })).toString('utf8')
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new BodyEncodingError('The body is not gzip.', { cause })
  }
}

async function collect(request: Request, maxBytes: number): Promise<Buffer> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes)
  // A length that is declared is enforced by the HTTP parser.
  if (declared !== null) return Buffer.from(await request.arrayBuffer())
  if (request.body === null) return Buffer.alloc(0)
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
    sizeBytes += part.length
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
    parts.push(part)
  }
  return Buffer.concat(parts, sizeBytes)
}

const tooLarge = (maxBytes: number) => new BodyTooLargeError('The body is too large.', { facts: { maxBytes } })
