import { z } from 'zod'
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

export const address = z.string().transform((value, context) => checked(() => Address(value), context))
export const hash = z.string().transform((value, context) => checked(() => Hash(value), context))

/** Where a private key comes from: `env:NAME` or `file:PATH`. Keys never stand in the file itself. */
export const secret = z
  .string()
  .regex(/^(env|file):.+$/, 'must be env:NAME or file:PATH; keys never stand in the file itself')

export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')

function checked<T>(parse: () => T, context: z.RefinementCtx): T {
  try {
    return parse()
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
}
