import { z } from 'zod'
import { url } from './options.ts'

export const statusPageSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether browsers get a page at / of the JSON-RPC port.'),
    l1ExplorerUrl: url
      .optional()
      .describe('Block explorer of L1, such as https://etherscan.io, to which L1 transactions are linked.'),
  })
  .prefault({})
  .describe('The status page of the API.')
