import { Command, InvalidArgumentError } from 'commander'
import { createApiKey } from '#api/wire/apiKeys.ts'
import { NodeError } from '#common/errors.ts'
import type { Database } from '#db/client.ts'
import { type ApiKeyRow, insertApiKey, listApiKeys, revokeApiKey } from '#db/rpc/apiKeys.ts'
import { type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'

export class ApiKeyNotFoundError extends NodeError {
  override readonly name = 'ApiKeyNotFoundError'
}

type NewOptions = { note: string; namespaces?: string[]; rate?: number }

/** `zknode api-keys`: who may use JSON-RPC when `rpc.keys` is optional or required. Running API processes follow. */
export const apiKeysCommand = () =>
  new Command('api-keys')
    .description('Make, list and revoke keys of the JSON-RPC API.')
    .addCommand(
      withKeyStore(new Command('new').description('Make a key and print it; it is not shown again.'))
        .option('--note <text>', 'whose it is', '')
        .option('--namespaces <list>', 'what it may call, such as eth,net,web3; all when left out', readList)
        .option('--rate <cost>', 'cost it may spend in a second; rpc.rateLimit.perKey when left out', readCount)
        .action(async (options: NewOptions & Place & Printed) => {
          const key = await inKeyStore(options, (db) => makeApiKey(db, options))
          print({ key }, () => [key], options)
        }),
    )
    .addCommand(
      withKeyStore(
        new Command('list').description('Keys with their limits; the keys themselves are not stored.'),
      ).action(async (options: Place & Printed) => {
        const keys = (await inKeyStore(options, listApiKeys)).map(({ keyHash: _, ...shown }) => shown)
        print(keys, () => keys.map(describeApiKey), options)
      }),
    )
    .addCommand(
      withKeyStore(new Command('revoke').description('Refuse a key from now on.').argument('<id>')).action(
        async (id: string, options: Place & Printed) => {
          await inKeyStore(options, async (db) => {
            if (!(await revokeApiKey(db, id)))
              throw new ApiKeyNotFoundError('There is no such valid key.', { facts: { id } })
          })
          print({ id, revoked: true }, () => [`${id} is revoked.`], options)
        },
      ),
    )

/** Stores a new key. Returns the key itself. */
export async function makeApiKey(db: Database, { note, namespaces, rate }: NewOptions): Promise<string> {
  const { key, ...stored } = createApiKey()
  await insertApiKey(db, { ...stored, note, namespaces: namespaces ?? null, ratePerSecond: rate ?? null })
  return key
}

export function describeApiKey({
  id,
  namespaces,
  ratePerSecond,
  note,
  createdAt,
  revokedAt,
}: Omit<ApiKeyRow, 'keyHash'>): string {
  return [
    id,
    createdAt.toISOString(),
    revokedAt === null ? 'valid' : `revoked ${revokedAt.toISOString()}`,
    `namespaces ${namespaces?.join(',') ?? 'all'}`,
    `rate ${ratePerSecond ?? 'default'}`,
    note,
  ].join('  ')
}

const withKeyStore = (command: Command) => withJson(withConfig(command, 'whose database holds the keys'))

const inKeyStore = <T>(place: Place, work: (db: Database) => Promise<T>): Promise<T> =>
  withDatabase(readNode(place).database.url, work)

const readList = (text: string) => text.split(',').map((name) => name.trim())

function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number above 0')
  return Number(text)
}
