import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { FC } from 'hono/jsx'
import { Address } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import type { Faucet as Payer } from '../dev/faucet.ts'
import { networkOf } from '../wire/callers.ts'
import { TokenBuckets } from '../wire/tokenBuckets.ts'
import { ADDRESS } from './search.ts'
import { ether } from './text.ts'

const GIVES = 10n ** 19n
/** Five at once, then one in ten seconds; also where rpc.rateLimit is off. */
const ALLOWANCE = { perSecond: 0.1, burst: 5 }
const MAX_FORM_BYTES = 4096

type Notice = (status: number, title: string, text: string, headers?: Record<string, string>) => Response
type Env = { Bindings: { caller: { ip?: string | undefined } } }

/** Takes the form of the page. `payer` is undefined on networks that are not for tests. */
export function createFaucet(payer: Payer | undefined, deps: ApiDeps, notice: Notice): Hono<Env> {
  const buckets = new TokenBuckets()
  const app = new Hono<Env>()
  const tooLarge = () => notice(413, 'Too large', 'An address is all that the form has.')
  app.post('/faucet', bodyLimit({ maxSize: MAX_FORM_BYTES, onError: tooLarge }), async (c) => {
    if (payer === undefined) return notice(404, 'Not found', 'There is no faucet on this network.')
    if (!isOwnForm(c)) return notice(403, 'Refused', 'The form was sent from another page than that of this node.')
    const given = String((await c.req.parseBody())['address'] ?? '').trim()
    if (!ADDRESS.test(given)) return notice(400, 'No address', 'An address is 0x and 40 hex digits.')
    const address = Address(given)
    if (address === payer.address) return notice(400, 'That is the faucet', 'It pays from this account; use another.')
    const wait = Math.ceil(buckets.spend(networkOf(c.env.caller.ip ?? ''), 1, ALLOWANCE))
    if (wait > 0)
      return notice(429, 'The faucet needs a rest', `Ask again in ${wait} s.`, { 'retry-after': String(wait) })
    return c.redirect(`/tx/${await payer.pay(deps, address, GIVES)}`, 303)
  })
  return app
}

/** Browsers name the page that a form was sent from; any API process of the node may have made it. */
function isOwnForm(c: Context): boolean {
  const origin = c.req.header('origin')
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === c.req.header('host')
}

export const FaucetForm: FC = () => (
  <form class="faucet" method="post" action="/faucet">
    <label for="faucet-address">Faucet: ether of this test network, worth nothing elsewhere</label>
    <input
      id="faucet-address"
      name="address"
      required
      pattern="0x[0-9a-fA-F]{40}"
      placeholder="Your address, 0x…"
      title="0x and 40 hex digits"
      autocomplete="off"
      spellcheck={false}
    />
    <button type="submit">Get {ether(GIVES)}</button>
  </form>
)
