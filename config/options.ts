import { z } from 'zod'
import { NodeError } from '#common/errors.ts'
import { Address, Hash } from '#protocol/primitives.ts'

/** Parsers of single options. Each has its unit, which the documentation and the JSON Schema show. */
export const count = z.number().int().positive()
export const countOf = (unit: string) => count.meta({ unit })
export const countOrNoneOf = (unit: string) => z.number().int().nonnegative().meta({ unit })
export const milliseconds = countOf('ms')
export const bytes = countOf('bytes')
export const port = z.number().int().min(0).max(65_535)

/** Too large for the numbers of JSON, so a string of digits will do. */
export const wei = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d+$/, 'must be a whole number of wei')])
  .transform(BigInt)
  .meta({ unit: 'wei' })

/**
 * What an option is beside its type, for those who handle many options alike. path: of a file, seen from the
 * configuration file. url: may have a password or a provider's key in it, so it may be given by reference and is not
 * shown. secret: a reference to one.
 */
export type Kind = 'address' | 'hash' | 'path' | 'url' | 'secret'
export const kind = (kind: Kind) => ({ kind })

export const address = z
  .string()
  .transform((value, context) => checked(() => Address(value), context))
  .meta(kind('address'))
export const hash = z
  .string()
  .transform((value, context) => checked(() => Hash(value), context))
  .meta(kind('hash'))
export const filePath = z.string().min(1).meta(kind('path'))
export const url = z.url('must be a URL').meta(kind('url'))
export const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
  .meta(kind('url'))

function checked<T>(parse: () => T, context: z.RefinementCtx): T {
  try {
    return parse()
  } catch (error) {
    const message = error instanceof NodeError ? error.shortMessage : String(error)
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
}
