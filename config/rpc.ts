import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { bytes, count, countOf, countOrNoneOf, milliseconds, port } from './options.ts'

const rate = z.number().positive().meta({ unit: 'cost/s' })
const characters = countOf('characters')
/** As many as help: more threads than cores only wait for each other. */
const THREADS = Math.min(8, availableParallelism())

const wsSchema = z
  .strictObject({
    port: port.optional().describe('A port for WebSocket alone, beside the one that it shares with HTTP.'),
    compression: z.boolean().default(false).describe('Whether permessage-deflate is offered.'),
    maxFrameBytes: bytes.default(15 * 1024 * 1024).describe('Largest frame that is taken.'),
    pingIntervalMs: milliseconds.default(30_000).describe('How often clients are asked whether they live.'),
  })
  .prefault({})
  .describe('WebSocket.')

const rateLimitSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether callers are limited.'),
    perIp: rate.default(500).describe('Cost that an address may spend in a second.'),
    burst: z
      .number()
      .positive()
      .meta({ unit: 'cost' })
      .default(1000)
      .describe('Cost that may be spent at once, after a time of rest.'),
    perKey: rate.default(500).describe('As perIp, for API keys without a rate of their own.'),
  })
  .prefault({})
  .describe('Each method has a cost from 1 (eth_chainId) to 200 (traces); see x-cost in rpc.discover.')

export const rpcSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to listen on.'),
    port: port.default(8123).describe('Port of HTTP and WebSocket.'),
    maxBodyBytes: bytes.default(5 * 1024 * 1024).describe('Largest body of a request, before and after decompression.'),
    batch: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Whether batch requests are answered.'),
        limit: countOf('requests').default(100).describe('Most members of a batch.'),
        maxAnswerLength: characters
          .default(25 * 1024 * 1024)
          .describe('Longest answer to a batch; members beyond it fail.'),
      })
      .prefault({})
      .describe('Batch requests of JSON-RPC.'),
    maxAnswerLength: characters.default(150 * 1024 * 1024).describe('Longest answer to one request.'),
    ws: wsSchema,
    cors: z
      .strictObject({
        origins: z.array(z.string()).default(['*']).describe('Origins whose pages may read answers; * for any.'),
      })
      .prefault({})
      .describe('Which web pages may ask.'),
    vhosts: z.array(z.string()).default(['*']).describe('Names that the header host may have; * for any.'),
    rateLimit: rateLimitSchema,
    trustedProxies: z
      .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
      .default([])
      .describe('Addresses or networks (10.0.0.0/8) whose X-Forwarded-For is believed.'),
    keys: z
      .enum(['off', 'optional', 'required'])
      .default('off')
      .describe('API keys, made by `zknode api-keys new`: not asked for, taken when given, or needed.'),
    namespaces: z
      .array(z.string())
      .default(['eth', 'net', 'web3', 'txpool', 'zkevm'])
      .describe('Methods of other namespaces do not exist. debug, trace, ots, admin and dev are off unless named.'),
    gasCap: countOf('gas').default(50_000_000).describe('Most gas of a call or an estimate.'),
    evmTimeoutMs: milliseconds.default(5000).describe('How long a call, an estimate or a trace may run.'),
    evmThreads: count
      .max(64)
      .optional()
      .transform((threads = THREADS) => threads)
      .describe(
        'Threads of the API process that run calls, estimates and traces: one a core, up to eight, when left out.',
      ),
    maxTraces: countOf('traces').default(8).describe('Traces that run at once in one API process.'),
    logsTimeoutMs: milliseconds.default(10_000).describe('How long a search of logs may take.'),
    maxLogs: countOf('logs').default(10_000).describe('Most logs of one answer.'),
    maxLogBlockRange: countOf('blocks').default(10_000).describe('Widest range of a search of logs.'),
    safeTag: z
      .enum(['verified', 'sequenced'])
      .default('verified')
      .describe(
        'What the tag safe means: the last batch verified in a safe L1 block, or sequenced in a finalized one.',
      ),
    strictTags: z
      .boolean()
      .default(false)
      .describe(
        'An error for safe and finalized before anything is verified, and for ranges of logs beyond the newest block.',
      ),
    slowMs: milliseconds.default(1000).describe('Requests that take longer are logged as warnings.'),
    drainDelayMs: countOrNoneOf('ms')
      .default(5000)
      .describe(
        'On SIGTERM new connections are taken for this long, while readiness tells load balancers to stop sending.',
      ),
    drainMs: milliseconds.default(30_000).describe('After that, how long requests that run may take to end.'),
  })
  .prefault({})
  .describe('How JSON-RPC is served: transport, limits and what is switched on.')
