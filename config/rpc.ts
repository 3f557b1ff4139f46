import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { count, milliseconds, port } from './options.ts'

const rate = z.number().positive()

/** How JSON-RPC is served: transport, limits and what is switched on. */
export const rpcSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: port.default(8123),
    /** Most bytes of one body, counted before and after decompression. */
    maxBodyBytes: count.default(5 * 1024 * 1024),
    batch: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** Most members. */
        limit: count.default(100),
        /** Most characters of the answer; members beyond it fail. */
        maxAnswerLength: count.default(25 * 1024 * 1024),
      })
      .prefault({}),
    /** Most characters of the answer to one request. */
    maxAnswerLength: count.default(150 * 1024 * 1024),
    ws: z
      .strictObject({
        /** A port for WebSocket alone, beside the one that it shares with HTTP. */
        port: port.optional(),
        /** Whether permessage-deflate is offered. */
        compression: z.boolean().default(false),
        maxFrameBytes: count.default(15 * 1024 * 1024),
        pingIntervalMs: milliseconds.default(30_000),
      })
      .prefault({}),
    cors: z
      .strictObject({
        /** Origins whose pages may read answers; `*` for any. */
        origins: z.array(z.string()).default(['*']),
      })
      .prefault({}),
    /** Names that the header host may have; `*` for any. */
    vhosts: z.array(z.string()).default(['*']),
    /** Each method has a cost from 1 (eth_chainId) to 200 (traces); see `x-cost` in rpc.discover. */
    rateLimit: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** Cost that an address may spend in a second. */
        perIp: rate.default(500),
        /** Cost that may be spent at once, after a time of rest. */
        burst: rate.default(1000),
        /** As perIp, for API keys without a rate of their own. */
        perKey: rate.default(500),
      })
      .prefault({}),
    /** Addresses or networks (10.0.0.0/8) whose X-Forwarded-For is believed. */
    trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    /** API keys, made by `zknode api-keys new`: not asked for, taken when given, or needed. */
    keys: z.enum(['off', 'optional', 'required']).default('off'),
    /** Methods of other namespaces do not exist. debug, trace, ots, admin and dev only when named. */
    namespaces: z.array(z.string()).default(['eth', 'net', 'web3', 'txpool', 'zkevm']),
    gasCap: count.default(50_000_000),
    evmTimeoutMs: milliseconds.default(5000),
    /** Threads of the API process that run calls, estimates and traces: one a core, up to eight, when left out. */
    evmThreads: count.max(64).default(Math.min(8, availableParallelism())),
    /** Traces that run at once in one API process. */
    maxTraces: count.default(8),
    logsTimeoutMs: milliseconds.default(10_000),
    maxLogs: count.default(10_000),
    maxLogBlockRange: count.default(10_000),
    /** What the tag safe means: the last batch verified in a safe L1 block, or sequenced in a finalized one. */
    safeTag: z.enum(['verified', 'sequenced']).default('verified'),
    /** An error for safe and finalized before anything is verified, and for ranges of logs beyond the newest block. */
    strictTags: z.boolean().default(false),
    /** Requests that take longer are logged as warnings. */
    slowMs: milliseconds.default(1000),
    /** On SIGTERM: this long new connections are still taken, while readiness tells load balancers to stop … */
    drainDelayMs: z.number().int().nonnegative().default(5000),
    /** … and this long requests that run may take to end. */
    drainMs: milliseconds.default(30_000),
  })
  .prefault({})
