import { Ajv } from 'ajv'
import type { describeApi } from '../wire/openRpc.ts'

type Document = ReturnType<typeof describeApi>
/** Throws when a result is not of the form that the API's document gives. */
export type ResultCheck = (method: string, result: unknown) => void

/** Checks results against a document of rpc.discover, for tests. Methods it does not hold pass. */
export function createResultCheck(document: Document): ResultCheck {
  const ajv = new Ajv({ strict: false })
  ajv.addSchema(document, 'api')
  const index = new Map(document.methods.map(({ name }, position) => [name, position]))
  return (method, result) => {
    const position = index.get(method)
    if (position === undefined) return
    const isValid = ajv.compile({ $ref: `api#/methods/${position}/result/schema` })
    if (!isValid(result))
      throw new TypeError(`${method} answered ${JSON.stringify(result)}: ${ajv.errorsText(isValid.errors)}`)
  }
}
