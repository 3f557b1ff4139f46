import { Command } from 'commander'
import type { Database } from '#db/client.ts'
import { applyPending, type DatabasePlaces } from './db/applyPending.ts'
import { formatStatus, readDatabaseStatus } from './db/status.ts'
import { type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'

/** `zknode db`: the schema of the databases, and what is in them. */
export const dbCommand = () =>
  new Command('db')
    .description('Bring the schema of the databases forward, and see what is in them.')
    .addCommand(migrateCommand())
    .addCommand(statusCommand())

const command = (name: string) => withJson(withConfig(new Command(name), 'which names the databases'))

const migrateCommand = () =>
  command('migrate')
    .description('Apply the migrations that are pending. Back up first; stop the node unless the notes say otherwise.')
    .action(async (options: Place & Printed) => {
      const places = databasesOf(options)
      const applied = await withDatabases(options, (db, proofDb) => applyPending(db, proofDb, places))
      const names = [...applied.state, ...applied.proofs.map((name) => `${name} of the proof store`)]
      const lines = names.length === 0 ? ['Nothing is pending.'] : names.map((name) => `Applied ${name}.`)
      print({ applied }, () => lines, options)
    })

const statusCommand = () =>
  command('status')
    .description('Migrations, newest block and batches, and the size of each table.')
    .action(async (options: Place & Printed) => {
      const status = await withDatabases(options, readDatabaseStatus)
      print(status, () => formatStatus(status, new Date()), options)
    })

function databasesOf(place: Place): DatabasePlaces {
  const { database, proofStore } = readNode(place)
  return { url: database.url, proofUrl: proofStore.url }
}

async function withDatabases<T>(place: Place, work: (db: Database, proofDb: Database) => Promise<T>): Promise<T> {
  const { url, proofUrl } = databasesOf(place)
  return await withDatabase(url, (db) =>
    proofUrl === url ? work(db, db) : withDatabase(proofUrl, (proofDb) => work(db, proofDb)),
  )
}
