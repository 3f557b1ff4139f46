import { type Method, method } from '../method.ts'
import { mapOf, text } from '../schemas.ts'
import { describeApi } from '../wire/openRpc.ts'

/** rpc_ and rpc.: what this process serves. `served` gives the finished table, which holds these two as well. */
export const rpcMethods = (served: () => ReadonlyMap<string, Method>): readonly Method[] => [
  method({
    name: 'rpc_modules',
    summary: 'Namespaces that are switched on, with their versions',
    cost: 1,
    params: [],
    result: mapOf(text),
    handle: () => Object.fromEntries([...served().values()].map(({ namespace }) => [namespace, '1.0'])),
  }),
  method({
    name: 'rpc.discover',
    summary: 'This document',
    cost: 10,
    params: [],
    result: { type: 'object', required: ['openrpc', 'info', 'methods'] },
    handle: () => describeApi([...served().values()]),
  }),
]
