import type { Queryable } from '#db/client.ts'
import { isMoreToCome } from '#db/moreToCome.ts'
import type { BatchNumber } from '#protocol/primitives.ts'

/**
 * Whether a run that ends with this batch may get longer while it waits. What nobody has sent yet will not be there in
 * time: a batch takes transactions for `batchMaxMs`, unless it fills up before.
 */
export async function mayGrow(
  db: Queryable,
  toBatch: BatchNumber,
  { waitMs, batchMaxMs }: { waitMs: number; batchMaxMs: number },
): Promise<boolean> {
  return waitMs > batchMaxMs || (await isMoreToCome(db, toBatch))
}
