import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'

/** As the documentation has it. */
const GRANTS = readFileSync(new URL('../docs/prover-role.sql', import.meta.url), 'utf8')

/** A Postgres role that may do what provers need and no more, and the database's URL for it. */
export async function createProverRole({ db, url }: { db: Database; url: string }) {
  const role = `prover_${randomUUID().replaceAll('-', '')}`
  await db.execute(sql.raw(GRANTS.replaceAll('zknode_prover', role)))
  await db.execute(sql.raw(`alter role ${role} password 'secret'`))
  const place = new URL(url)
  ;[place.username, place.password] = [role, 'secret']
  return {
    url: place.href,
    async drop(): Promise<void> {
      await db.execute(sql.raw(`drop owned by ${role}`))
      await db.execute(sql.raw(`drop role ${role}`))
    },
  }
}
