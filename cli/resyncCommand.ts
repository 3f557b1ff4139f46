import { Command } from 'commander'
import { planResync, type ResyncPlan, resync } from '#synchronizer/resync.ts'
import { batchArgument } from './batchArgument.ts'
import { type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'

type Options = Place & Printed & { fromBatch: ReturnType<typeof batchArgument>; dryRun?: boolean }

/** `zknode resync`: the one repair of a State DB that is not as L1 has it. */
export const resyncCommand = () =>
  withJson(withConfig(new Command('resync'), 'which is stopped but for its API'))
    .description('Throw away what the node has from a batch on, and have it taken again from L1.')
    .requiredOption('--from-batch <number>', 'first batch that goes', batchArgument)
    .option('--dry-run', 'only tell what would go and what would come')
    .action(async (options: Options) => {
      const { role, database } = readNode(options)
      const request = { role, fromBatch: options.fromBatch }
      const plan = await withDatabase(database.url, async (db) =>
        options.dryRun ? await planResync(db, request) : await resync(db, request),
      )
      const done = options.dryRun !== true && plan !== undefined
      print({ done, plan: plan ?? null }, () => describePlan(plan, { ...request, done }), options)
    })

export function describePlan(
  plan: ResyncPlan | undefined,
  { fromBatch, role, done }: { fromBatch: number; role: string; done: boolean },
): string[] {
  if (plan === undefined)
    return [`Nothing to do: there is no batch from ${fromBatch} on. A running node takes what L1 has.`]
  const { toBatch, blocks, transactions, fromL1, notOnL1, checkedAgainFrom } = plan
  const lines = [
    `Batches ${fromBatch} to ${toBatch} ${done ? 'are gone' : 'go'}: ${blocks} blocks, ${transactions} transactions.`,
  ]
  if (fromL1 !== undefined)
    lines.push(
      `Batches ${fromL1.fromBatch} to ${fromL1.toBatch} come from L1, which is read again from L1 block ${fromL1.l1Block} on.`,
    )
  if (checkedAgainFrom !== undefined)
    lines.push(
      `Batches from ${checkedAgainFrom} on stay, and are executed again: L1 brought them with batch ${fromBatch}.`,
    )
  if (notOnL1 !== undefined) {
    const source =
      role === 'trusting' ? 'come from the trusted sequencer' : 'cannot come from L1, which has not got them yet'
    lines.push(`Batches ${notOnL1.fromBatch} to ${notOnL1.toBatch}, ${notOnL1.transactions} transactions, ${source}.`)
  }
  lines.push(done ? 'Start the node: it goes on from there.' : 'Nothing is changed: this was a dry run.')
  return lines
}
