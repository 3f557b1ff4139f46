import type { IncomingMessage } from 'node:http'
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
/** The client went away, or was too slow, before its body was complete. */
export class BodyIncompleteError extends NodeError {
  override readonly name = 'BodyIncompleteError'
}

const unzip = promisify(gunzip)

/**
 * The body as text, counted while it is read: no more than `maxBytes` are ever held, compressed or not.
 * @throws {BodyTooLargeError}
 * @throws {BodyEncodingError}
 * @throws {BodyIncompleteError}
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const encoding = request.headers['content-encoding']
  const bytes = await collect(request, maxBytes)
  if (encoding === undefined || encoding === 'identity') return bytes.toString('utf8')
  if (encoding !== 'gzip') throw new BodyEncodingError('Only gzip bodies are read.', { facts: { encoding } })
  try {
    return (await unzip(bytes, { maxOutputLength: maxBytes })).toString('utf8')
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new BodyEncodingError('The body is not gzip.', { cause })
  }
}

/** By events: asking the request for an iterator or a web stream costs more than the request itself. */
function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length']) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let sizeBytes = 0
    const end = () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, sizeBytes))
    const fail = (cause?: unknown) => {
      // A request is closed after its end too.
      if (!request.complete) reject(new BodyIncompleteError('The body is not complete.', { cause }))
    }
    const add = (part: Buffer) => {
      sizeBytes += part.length
      if (sizeBytes <= maxBytes) parts.push(part)
      else {
        request.off('data', add)
        reject(tooLarge(maxBytes))
      }
    }
    request.on('data', add).once('end', end).once('error', fail).once('close', fail)
  })
}

const tooLarge = (maxBytes: number) => new BodyTooLargeError('The body is too large.', { facts: { maxBytes } })
