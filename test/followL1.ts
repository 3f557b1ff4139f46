import { startReader } from './l1Chain.ts'

/** A process that follows L1 until it is ended: for tests that kill it. Arguments: JSON of `ReaderPlace`. */
const { poll } = await startReader(JSON.parse(process.argv[2]!))
process.stdout.write('reading\n')
for (;;) {
  await poll()
  await new Promise((resolve) => setTimeout(resolve, 50))
}
