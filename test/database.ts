import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { createTestDatabase } from './postgres.ts'

/** A migrated database of the test file's own. Close it in `afterAll`. */
export async function openTestDatabase(): Promise<{ db: Database; url: string; close: () => Promise<void> }> {
  const { url, drop } = await createTestDatabase()
  await migrate(url)
  const db = connectDatabase(url, { maxConnections: 4, name: 'zknode-test' })
  return {
    db,
    url,
    close: async () => {
      await db.$client.end({ timeout: 1 })
      await drop()
    },
  }
}
