import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { JSX } from 'hono/jsx/jsx-runtime'
import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import { remembered } from '#common/remembered.ts'
import { NODE_VERSION } from '#common/version.ts'
import type { Config } from '#config/schema.ts'
import { Address, type Hash, type Hex } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { RateLimitError, RPC_CODE, RpcError } from '../errors.ts'
import type { Method, RequestContext } from '../method.ts'
import { networkOf } from '../wire/callers.ts'
import { AddressView, readAddressPage } from './addressPage.tsx'
import { type Ask, createAsk } from './ask.ts'
import { createAssets } from './assets.ts'
import { BatchView, readBatchPage } from './batchPage.tsx'
import { BlockView, readBlockPage } from './blockPage.tsx'
import { sendEvents } from './events.ts'
import { createFaucet } from './faucet.tsx'
import { Home, liveParts, readLive } from './home.tsx'
import { Notice } from './layout.tsx'
import { createLiveFeed, type Parts } from './liveFeed.ts'
import type { Elsewhere } from './pipeline.tsx'
import { findPage, SEARCHABLE } from './search.ts'
import { readTransactionPage, TransactionView } from './transactionPage.tsx'

/** The pages of a node. `answer` gives one; the wire asks it when it has let the caller in. */
export type Pages = {
  answer: (c: Http, caller: PageCaller) => Response | Promise<Response>
  close: () => void
}
export type Http = Context<{ Bindings: HttpBindings }>
type PageCaller = Pick<RequestContext, 'spend' | 'ip'>
type Asked = Context<{ Bindings: HttpBindings & { caller: PageCaller } }>

type Options = {
  methods: ReadonlyMap<string, Method>
  deps: ApiDeps
  config: Pick<Config, 'network' | 'temporal' | 'statusPage'>
  logger: Logger
}

/** What a page costs its caller in the terms of rate limits. */
function costOf({ method, path }: { method: string; path: string }): number {
  if (path.startsWith('/assets/')) return 0
  if (method === 'POST') return 200
  return path.startsWith('/address/') ? 50 : 20
}
/** As of the method that runs a block again. */
const TRACE_COST = 200
/** How old what / shows may be. */
const LIVE_MAX_AGE_MS = 500
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

class NotFound extends NodeError {
  override readonly name = 'NotFound'
}

export function createPages({ methods, deps, config, logger }: Options): Pages {
  const { network, temporal, statusPage } = config
  const networkName = network.name
  const elsewhere = createElsewhere(temporal, statusPage.l1ExplorerUrl)
  const faucet = deps.dev?.faucet
  const live = remembered(() => readLive(createAsk(methods), deps.db), LIVE_MAX_AGE_MS)
  const feed = createLiveFeed(async (): Promise<Parts> => {
    const parts = liveParts(await live(), elsewhere)
    return Object.fromEntries(Object.entries(parts).map(([id, part]) => [id, String(part)]))
  }, logger)

  const html = (page: JSX.Element, status = 200, headers: Record<string, string> = {}) =>
    new Response(`<!doctype html>${page}`, {
      status,
      headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8', ...headers },
    })
  const notice = (status: number, title: string, text: string, headers: Record<string, string> = {}) =>
    html(
      <Notice title={title} networkName={networkName}>
        {text}
      </Notice>,
      status,
      headers,
    )
  const askFor = (c: Asked): Ask => createAsk(methods, { signal: c.req.raw.signal })

  const app = new Hono<{ Bindings: HttpBindings & { caller: PageCaller } }>()
  app.get('/', async (c) => {
    const url = new URL(c.req.url)
    const temporalUrl = temporal.uiUrl && `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows`
    return html(
      <Home
        {...{ network, rpcUrl: url.origin, version: NODE_VERSION, live: await live(), elsewhere }}
        temporalUrl={temporalUrl}
        hasFaucet={faucet !== undefined}
      />,
    )
  })
  app.get('/block/:block', async (c) => {
    const block = c.req.param('block')
    const isHash = /^0x[0-9a-f]{64}$/i.test(block)
    const id = isHash ? (block.toLowerCase() as Hash) : toQuantity(block, 'block number')
    const page = Number(toQuantity(c.req.query('page') ?? '0', 'page'))
    return html(
      <BlockView
        {...found(await readBlockPage(askFor(c), id, page), `No block ${block}.`)}
        networkName={networkName}
      />,
    )
  })
  app.get('/tx/:hash', async (c) => {
    const hash = c.req.param('hash')
    if (!/^0x[0-9a-f]{64}$/i.test(hash)) throw new NotFound('That is no transaction hash: 0x and 64 hex digits.')
    const mayTrace = () => (c.env.caller.spend?.(TRACE_COST) ?? 0) === 0
    const page = found(
      await readTransactionPage({ ask: askFor(c), db: deps.db, mayTrace }, hash.toLowerCase() as Hash),
      'This node knows no transaction of that hash.',
    )
    return html(<TransactionView {...page} elsewhere={elsewhere} networkName={networkName} />)
  })
  app.get('/address/:address', async (c) => {
    const address = toAddress(c.req.param('address'))
    const before = Number(toQuantity(c.req.query('before') ?? '0', 'block number'))
    return html(<AddressView {...(await readAddressPage(askFor(c), address, before))} networkName={networkName} />)
  })
  app.get('/batch/:number', async (c) => {
    const number = c.req.param('number')
    const page = found(
      await readBatchPage(askFor(c), deps.db, toQuantity(number, 'batch number')),
      `There is no batch ${number} yet.`,
    )
    return html(<BatchView {...page} elsewhere={elsewhere} networkName={networkName} />)
  })
  app.get('/search', async (c) => {
    const text = (c.req.query('q') ?? '').trim()
    const place = await findPage(askFor(c), text)
    if (place !== undefined && place !== 'unclear') return c.redirect(place)
    const isUnclear = place === 'unclear'
    return html(
      <Notice title={isUnclear ? 'What is that?' : 'Not found'} networkName={networkName} search={text}>
        {isUnclear ? `Search for ${SEARCHABLE}.` : 'This node knows no transaction and no block of that hash.'}
      </Notice>,
      isUnclear ? 400 : 404,
    )
  })
  app.get('/events', (c) => sendEvents(c, feed, networkOf(c.env.caller.ip ?? '')))
  app.route('/', createFaucet(faucet, deps, notice))
  app.route('/assets', createAssets())
  app.notFound(() => {
    throw new NotFound('There is no such page.')
  })
  app.onError((error) => {
    const { status, title, text } = explain(error, logger)
    return notice(status, title, text)
  })

  return {
    answer: (c, caller) => {
      const wait = Math.ceil(caller.spend?.(costOf(c.req)) ?? 0)
      if (wait === 0) return app.fetch(c.req.raw, { ...c.env, caller })
      return html(
        <Notice title="Too many requests" networkName={networkName} refreshSeconds={wait}>
          This page loads again in {wait} s.
        </Notice>,
        429,
        { 'retry-after': String(wait) },
      )
    },
    close: feed.close,
  }
}

function createElsewhere({ uiUrl, namespace }: Config['temporal'], l1ExplorerUrl: string | undefined): Elsewhere {
  const trimmed = (url: string) => url.replace(/\/+$/, '')
  return {
    workflowUrl: (id) =>
      uiUrl === undefined ? undefined : `${trimmed(uiUrl)}/namespaces/${namespace}/workflows/${id}`,
    l1TxUrl: (hash) => (l1ExplorerUrl === undefined ? undefined : `${trimmed(l1ExplorerUrl)}/tx/${hash}`),
  }
}

function found<T>(page: T | undefined, otherwise: string): T {
  if (page === undefined) throw new NotFound(otherwise)
  return page
}

function toQuantity(text: string, what: string): Hex {
  if (!/^\d{1,15}$/.test(text)) throw new NotFound(`That is no ${what}: decimal digits.`)
  return `0x${Number(text).toString(16)}`
}

function toAddress(text: string): Address {
  if (!/^0x[0-9a-f]{40}$/i.test(text)) throw new NotFound('That is no address: 0x and 40 hex digits.')
  return Address(text.toLowerCase())
}

function explain(error: Error, logger: Logger): { status: number; title: string; text: string } {
  if (error instanceof NotFound) return { status: 404, title: 'Not found', text: error.shortMessage }
  if (error instanceof RateLimitError)
    return { status: 429, title: 'Too many requests', text: 'Come again in a second.' }
  if (error instanceof RpcError && error.code === RPC_CODE.pruned)
    return { status: 410, title: 'Pruned', text: 'This node keeps no history of that age.' }
  if (error instanceof RpcError || error.name === 'TransactionRejectedError')
    return { status: 400, title: 'That did not work', text: (error as NodeError).shortMessage }
  logger.error({ err: error }, 'status page failed')
  return { status: 500, title: 'That did not work', text: 'The node could not make this page; its log says why.' }
}
