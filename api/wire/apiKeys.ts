import { createHash, randomBytes } from 'node:crypto'
import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { listen } from '#db/notify.ts'
import { readValidApiKeys } from '#db/rpc/apiKeys.ts'
import { Hash } from '#protocol/primitives.ts'

/** What the holder of a key may do; undefined means what the configuration says. */
export type ApiKey = {
  id: string
  namespaces: ReadonlySet<string> | undefined
  ratePerSecond: number | undefined
}

export interface ApiKeys {
  find(key: string): ApiKey | undefined
  close(): Promise<void>
}

/** A new key, which is shown once, and what is stored of it. It has 256 random bits: one round of SHA-256 hides it. */
export function createApiKey(): { key: string; id: string; keyHash: Hash } {
  const key = `zk_${randomBytes(32).toString('base64url')}`
  const keyHash = hashApiKey(key)
  return { key, keyHash, id: `key_${keyHash.slice(2, 10)}` }
}

const hashApiKey = (key: string): Hash => Hash(`0x${createHash('sha256').update(key).digest('hex')}`)

/** The valid keys in memory, current by notification. */
export async function followApiKeys(db: Database, logger: Logger): Promise<ApiKeys> {
  let byHash = new Map<Hash, ApiKey>()
  async function read(): Promise<void> {
    const rows = await readValidApiKeys(db)
    byHash = new Map(
      rows.map(({ id, keyHash, namespaces, ratePerSecond }) => [
        keyHash,
        {
          id,
          namespaces: namespaces === null ? undefined : new Set(namespaces),
          ratePerSecond: ratePerSecond ?? undefined,
        },
      ]),
    )
  }
  await read()
  const close = await listen(db, 'api_key', () => {
    read().catch((err: unknown) => logger.warn({ err }, 'cannot read API keys'))
  })
  return { find: (key) => byHash.get(hashApiKey(key)), close }
}
