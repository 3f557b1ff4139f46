import { parseArgs } from 'node:util'
import { Address, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { createAttester } from '#prover/signature.ts'
import { Random } from '../fuzz/random.ts'
import { createAttestWork } from './attestWork.ts'
import { fixedWork } from './fixedWork.ts'
import { MISBEHAVIOURS, readMisbehaviours } from './misbehaviours.ts'
import { startTestProver } from './testProver.ts'

const USAGE = `A prover for tests: dials an aggregator and answers it until it is stopped.
  --server host:port   the aggregator (127.0.0.1:50081)
  --id --name          who it says it is (test-prover)
  --mode attest|fixed  re-executes and signs, or answers the same to everything (attest)
  --key 0x…            attest: signs with this key
  --l1-chain-id n, --verifier 0x…   attest: whom its signatures are for
  --fork n             (9)
  --misbehave a,b,…    ${Object.keys(MISBEHAVIOURS).join(', ')}
  --probability p      with which each job goes wrong (1)
  --seed n             the same seed misbehaves in the same way (1)
  --slow-ms n          how long 'slow' holds a result back (10000)
  --work-ms n          every job takes so long at least (0)`

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: '127.0.0.1:50081' },
    id: { type: 'string', default: 'test-prover' },
    name: { type: 'string' },
    mode: { type: 'string', default: 'attest' },
    key: { type: 'string' },
    'l1-chain-id': { type: 'string', default: '1337' },
    verifier: { type: 'string' },
    fork: { type: 'string', default: '9' },
    misbehave: { type: 'string', default: '' },
    probability: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    'slow-ms': { type: 'string', default: '10000' },
    'work-ms': { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
})

const say = (facts: object) => console.log(JSON.stringify({ prover: values.id, ...facts }))

function attestWorks() {
  const { key, verifier } = values
  if (key === undefined || verifier === undefined) throw new Error('attest needs --key and --verifier.')
  const attester = createAttester(key as Hex)
  const domain = { l1ChainId: Number(values['l1-chain-id']), verifier: Address(verifier) }
  return {
    work: createAttestWork({ attester, domain }),
    wrongWork: createAttestWork({ attester, domain, distort: (claims) => ({ ...claims, newStateRoot: ZERO_HASH }) }),
  }
}

if (values.help) console.log(USAGE)
else {
  const prover = startTestProver({
    ...(values.mode === 'fixed' ? { work: fixedWork, wrongWork: fixedWork } : attestWorks()),
    server: values.server,
    id: values.id,
    name: values.name ?? values.id,
    forkId: Number(values.fork),
    random: new Random(Number(values.seed)),
    misbehaviours: readMisbehaviours(values.misbehave),
    probability: Number(values.probability),
    slowMs: Number(values['slow-ms']),
    workMs: Number(values['work-ms']),
    reconnectMs: 1000,
    onMisbehave: (misbehaviour) => say({ misbehaviour }),
  })
  say({ server: values.server, mode: values.mode })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, prover.close)
}
