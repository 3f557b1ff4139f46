import { z } from 'zod'
import { countOf, milliseconds, url, wei } from './options.ts'

export const l1Schema = z
  .strictObject({
    rpcUrl: url.optional().describe('JSON-RPC of an L1 node.'),
    rpcUrls: z
      .array(url)
      .min(1)
      .optional()
      .describe(
        'Several in order of preference, instead of rpcUrl: the next is asked while one is away, slow or behind.',
      ),
    pollIntervalMs: milliseconds.default(1000).describe('How often L1 is asked for new blocks.'),
    maxBlockRange: countOf('L1 blocks')
      .default(1000)
      .describe('Most blocks asked for at once; endpoints that refuse so many are asked for fewer.'),
    requestTimeoutMs: milliseconds.default(10_000).describe('How long an endpoint may take to answer.'),
    maxParallel: countOf('requests')
      .default(8)
      .describe('Most requests at once to one endpoint; fewer when it limits our rate.'),
    follow: z
      .enum(['latest', 'safe', 'finalized'])
      .default('latest')
      .describe('The state follows L1 up to this block: what is applied later is safer from reorgs.'),
    maxFeePerGasWei: wei.optional().describe('The most that is offered for gas on L1; no limit when left out.'),
    maxPriorityFeePerGasWei: wei
      .optional()
      .describe('The most of it that goes to who makes the L1 block; no limit when left out.'),
    bumpAfterMs: milliseconds
      .default(60_000)
      .describe('Fees of a transaction are raised when it is not mined after this time.'),
    lowBalanceWei: wei
      .prefault('100000000000000000')
      .describe('An account that sends to L1 and has less than this is reported.'),
  })
  .transform(({ rpcUrl, rpcUrls, ...l1 }, context) => {
    const urls = rpcUrls ?? (rpcUrl === undefined ? [] : [rpcUrl])
    const isOne = (rpcUrl === undefined) !== (rpcUrls === undefined)
    if (!isOne) context.addIssue({ code: 'custom', message: 'set one of rpcUrl and rpcUrls' })
    return { ...l1, rpcUrls: urls }
  })
  .describe('How L1 is read and written to.')
