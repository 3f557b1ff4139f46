import { defineConfig } from 'drizzle-kit'

/** The proof store: it may be a database of its own. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/proofSchema.ts',
  out: './db/proofMigrations',
  schemaFilter: ['proofs'],
})
