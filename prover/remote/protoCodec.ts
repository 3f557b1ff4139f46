import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { NodeError } from '#common/errors.ts'

/** Bytes are no message of the type they should be of. */
export class MessageFormatError extends NodeError {
  override readonly name = 'MessageFormatError'
}

export type MessageCodec<T> = { encode: (message: T) => Buffer; decode: (bytes: Uint8Array) => T }

/** Every field is there; 64-bit numbers become numbers, enum values their names, a oneof names its member. */
const AS_OBJECT = { defaults: true, longs: Number, enums: String, oneofs: true } as const

/**
 * Codecs of the messages of a .proto file beside this one, by their full name. `T` is the message as an object with its
 * field names in camel case; numbers past 2^53 lose digits.
 */
export function loadProto(file: string): <T extends object>(messageName: string) => MessageCodec<T> {
  const { root } = protobuf.parse(readFileSync(new URL(file, import.meta.url), 'utf8'), { keepCase: false })
  return <T extends object>(messageName: string) => {
    const type = root.lookupType(messageName)
    return {
      encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
      decode(bytes) {
        try {
          return type.toObject(type.decode(bytes), AS_OBJECT) as T
        } catch (cause) {
          throw new MessageFormatError('The bytes are no such message.', {
            cause,
            facts: { message: messageName, sizeBytes: bytes.length, reason: String(cause) },
          })
        }
      },
    }
  }
}
