import { parseLogFilter } from '../chain/logFilter.ts'
import type { Subscriptions } from '../chain/subscriptions.ts'
import type { ApiDeps } from '../deps.ts'
import { busy, invalidParams, RPC_CODE, RpcError } from '../errors.ts'
import { type Connection, method, type RequestContext } from '../method.ts'
import { customParam, optional, stringParam } from '../params.ts'
import * as schema from '../schemas.ts'
import { randomId } from '../wire/randomId.ts'

const MAX_SUBSCRIPTIONS = 100

/** Messages without asking again; over WebSocket only. */
export const ethSubscribeMethods = ({ subscriptions }: ApiDeps) => [
  method({
    name: 'eth_subscribe',
    summary:
      'Starts a subscription: newHeads, logs, newPendingTransactions, syncing, zkevm_batches or zkevm_reorgs; its id',
    cost: 20,
    params: [stringParam('kind'), optional(customParam('options', {}, (value) => value))],
    result: schema.id,
    handle: ([kind, options], context) => {
      const { send, subscriptions: open } = requireConnection(context)
      if (open.size >= MAX_SUBSCRIPTIONS) throw busy('too many subscriptions')
      const id = randomId()
      const prefix = `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${id}","result":`
      // A client knows the id once it has the answer: what comes before that waits.
      let waiting: string[] | undefined = context.afterAnswer && []
      const tell = (result: unknown) => {
        const message = `${prefix}${JSON.stringify(result)}}}`
        if (waiting === undefined) send(message)
        else waiting.push(message)
      }
      context.afterAnswer?.push(() => {
        for (const message of waiting ?? []) send(message)
        waiting = undefined
      })
      open.set(id, { kind, end: start(subscriptions, kind, options, tell) })
      return id
    },
  }),
  method({
    name: 'eth_unsubscribe',
    summary: 'Ends a subscription; whether there was one',
    cost: 1,
    params: [stringParam('subscriptionId')],
    result: schema.boolean,
    handle: ([id], context) => {
      const { subscriptions: open } = requireConnection(context)
      open.get(id)?.end()
      return open.delete(id)
    },
  }),
]

function requireConnection({ connection }: RequestContext): Connection {
  if (connection === undefined) throw new RpcError(RPC_CODE.methodNotFound, 'notifications not supported')
  return connection
}

function start(
  subscriptions: Subscriptions,
  kind: string,
  options: unknown,
  tell: (result: unknown) => void,
): () => void {
  if (kind === 'newHeads') return subscriptions.addHeads(tell)
  if (kind === 'logs') return subscriptions.addLogs(parseLogFilter(options ?? {}, 1), tell)
  if (kind === 'newPendingTransactions')
    return subscriptions.addPendingTransactions(options === true ? 'object' : 'hash', tell)
  if (kind === 'syncing') return subscriptions.addSyncing(tell)
  if (kind === 'zkevm_batches') return subscriptions.addBatches(tell)
  if (kind === 'zkevm_reorgs') return subscriptions.addReorgs(tell)
  throw invalidParams(`no "${kind.slice(0, 64)}" subscription in eth namespace`)
}
