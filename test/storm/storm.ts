import { setTimeout } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import type { TestNetwork } from '#test/network.ts'
import { Random } from '../fuzz/random.ts'
import { sendTransfers } from './load.ts'
import type { StormOptions } from './options.ts'
import { findParked, type Parked, retryParked } from './parked.ts'
import type { ProverProcess } from './proverProcess.ts'

/** Between two kills: from, and how much more. */
const CALM_MS = { least: 2000, more: 5000 }
const LONGEST_DOWN_MS = 3000
/** One kill in so many is of the aggregator, which all remote provers dial; the launcher starts it again. */
const AGGREGATOR_KILLS = 0.1
const LOOK_MS = 1000

export type Weather = { toBatch: number; verified: number; parked: Parked[]; retried: number; aggregatorKills: number }
type Parts = { net: TestNetwork; client: Client; provers: readonly ProverProcess[]; say: (line: string) => void }

/**
 * Sends, kills and starts again until everything that was sent is verified, until something parks, or until time is up.
 * Each of the three draws from a sequence of its own, so that how long one takes changes nothing for the others.
 */
export async function rage({ net, client, provers, say }: Parts, options: StormOptions): Promise<Weather> {
  const weather: Weather = { toBatch: 0, verified: 0, parked: [], retried: 0, aggregatorKills: 0 }
  const { seed, batches, minutes, operator } = options
  const over = new AbortController()
  const killing = kill(net, provers, { random: new Random(2 * seed + 1), over: over.signal, say, weather })
  const deadline = Date.now() + minutes * 60_000
  try {
    // The first batch is the one that L1 made.
    const sending = sendTransfers(net.network, batches - 1, new Random(2 * seed)).then((toBatch) => {
      weather.toBatch = toBatch
      say(`everything is sent and mined: batches up to ${toBatch}`)
    })
    let failure: unknown
    sending.catch((error) => {
      failure = error
    })
    let shown = 0
    while (weather.toBatch === 0 || weather.verified < weather.toBatch) {
      if (failure !== undefined) throw failure
      weather.verified = Number(await call<Hex>(net.network.rpcUrl, 'zkevm_verifiedBatchNumber'))
      if (weather.verified >= shown + 10) {
        shown = weather.verified
        say(`verified up to batch ${shown}`)
      }
      weather.parked = await findParked(client)
      if (operator) {
        for (const parked of weather.parked) await retryParked(client, parked)
        weather.retried += weather.parked.length
      } else if (weather.parked.length > 0) return weather
      if (Date.now() > deadline) return weather
      await setTimeout(LOOK_MS)
    }
    return weather
  } finally {
    over.abort()
    await killing
  }
}

type Killing = { random: Random; over: AbortSignal; say: (line: string) => void; weather: Weather }

async function kill(net: TestNetwork, provers: readonly ProverProcess[], { random, over, say, weather }: Killing) {
  const pause = (milliseconds: number) => setTimeout(milliseconds, undefined, { signal: over })
  const restarts: Promise<void>[] = []
  const restart = async (prover: ProverProcess, downMs: number) => {
    await pause(downMs)
    prover.start()
  }
  try {
    for (;;) {
      await pause(CALM_MS.least + random.below(CALM_MS.more))
      const isAggregator = random.happens(AGGREGATOR_KILLS)
      const [victim, downMs] = [random.of(provers), random.below(LONGEST_DOWN_MS)]
      if (isAggregator) {
        say('kill -9 of the aggregator')
        weather.aggregatorKills++
        await net.killAndWait('aggregator')
        for (const prover of provers) if (prover.kind === 'remote') prover.cutOff()
      } else if (victim.freshSince !== undefined) {
        victim.kill()
        say(`kill -9 of ${victim.proverId}, for ${(downMs / 1000).toFixed(1)} s`)
        restarts.push(restart(victim, downMs))
      }
    }
  } catch (error) {
    if (!over.aborted) throw error
  } finally {
    await Promise.allSettled(restarts)
  }
}
