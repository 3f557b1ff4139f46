import { isAllowed, type Method, method, type RequestContext } from '../method.ts'
import { mapOf, text } from '../schemas.ts'
import { describeApi } from '../wire/openRpc.ts'

/** rpc_ and rpc.: what a caller may use. `served` gives the finished table, which holds these two as well. */
export const rpcMethods = (served: () => ReadonlyMap<string, Method>): readonly Method[] => {
  const openTo = (context: RequestContext) => [...served().values()].filter((each) => isAllowed(each, context))

  return [
    method({
      name: 'rpc_modules',
      summary: 'Namespaces that the caller may use, with their versions',
      cost: 1,
      params: [],
      result: mapOf(text),
      handle: (_, context) => Object.fromEntries(openTo(context).map(({ namespace }) => [namespace, '1.0'])),
    }),
    method({
      name: 'rpc.discover',
      summary: 'This document',
      cost: 10,
      params: [],
      result: { type: 'object', required: ['openrpc', 'info', 'methods'] },
      handle: (_, context) => describeApi(openTo(context)),
    }),
  ]
}
