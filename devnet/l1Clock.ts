import { createL1Clock } from '#api/dev/l1Clock.ts'
import { connectDatabase } from '#db/client.ts'
import { readDevClock } from '#db/devRequests.ts'

type Places = { databaseUrl: string; l1RpcUrl: string }

/** anvil keeps its blocks over a restart, but not its clock: it goes to where the dev_ methods had put that of L2. */
export async function restoreL1Clock({ databaseUrl, l1RpcUrl }: Places): Promise<void> {
  const db = connectDatabase(databaseUrl, { maxConnections: 1, name: 'zknode-setup' })
  try {
    const { offsetSeconds } = await readDevClock(db)
    if (offsetSeconds === 0) return
    await createL1Clock({ rpcUrl: l1RpcUrl, movable: true }).reach(Math.floor(Date.now() / 1000) + offsetSeconds)
  } finally {
    await db.$client.end({ timeout: 1 })
  }
}
