import { Connection, isGrpcServiceError } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { ATTRIBUTE_TYPES, readTemporalSettings } from '#devnet/temporalServer.ts'
import { reasonOf } from '../nodeConfig.ts'
import { ANSWER_WITHIN_MS, type Finding, fault, fine, skipped } from './finding.ts'

/** Of gRPC. */
const NOT_FOUND = 5
/** Of a namespace; what has ended stays visible for so long. */
const RETENTION = '7d'

/** Whether Temporal answers and has the namespace with its search attributes. */
export async function checkTemporal({
  address,
  namespace,
}: {
  address: string
  namespace: string
}): Promise<Finding[]> {
  let connection: Connection | undefined
  try {
    const { connectionOptions } = loadClientConnectConfig()
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: ANSWER_WITHIN_MS })
    const { workflowService } = connection
    const asking = workflowService.describeNamespace({ namespace })
    const isThere = await asking
      .then(() => true)
      .catch((error: unknown) => {
        if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return false
        throw error
      })
    const answers = fine('temporal.address', `Temporal answers at ${address}`)
    if (!isThere) return [answers, describeMissing(address, namespace)]
    return [answers, ...(await checkAttributes(connection, namespace))]
  } catch (error) {
    return [
      fault(
        'temporal.address',
        `${address} does not answer as it should: ${isGrpcServiceError(error) ? error.details : reasonOf(error)}`,
        'Start this Temporal server, or correct host:port; TLS and API keys come from the TEMPORAL_ variables.',
      ),
    ]
  } finally {
    await connection?.close()
  }
}

const describeMissing = (address: string, namespace: string): Finding =>
  fault(
    'temporal.namespace',
    `there is no namespace ${namespace}`,
    '`zknode run` makes it where it may; else: temporal operator namespace create ' +
      `--address ${address} --namespace ${namespace} --retention ${RETENTION}`,
  )

async function checkAttributes(connection: Connection, namespace: string): Promise<Finding[]> {
  const option = 'temporal.namespace'
  const wanted = Object.entries(readTemporalSettings().searchAttributes)
  const { customAttributes } = await connection.operatorService
    .listSearchAttributes({ namespace })
    .catch(() => ({ customAttributes: undefined })) // clusters that hide this from us
  if (customAttributes === undefined)
    return [skipped(option, `the search attributes of ${namespace} cannot be asked for`)]
  const missing = wanted.filter(([name]) => !(name in customAttributes))
  const other = wanted.filter(
    ([name, type]) => name in customAttributes && customAttributes[name] !== ATTRIBUTE_TYPES[type],
  )
  const findings = other.map(([name, type]) =>
    fault(
      option,
      `search attribute ${name} of ${namespace} is of another type than ${type}`,
      'Take a namespace of its own for this node.',
    ),
  )
  if (missing.length > 0)
    findings.push(
      fault(
        option,
        `${namespace} lacks the search attribute${missing.length === 1 ? '' : 's'} ${missing.map(([name]) => name).join(', ')}`,
        `temporal operator search-attribute create --namespace ${namespace} ` +
          missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' '),
      ),
    )
  return findings.length > 0 ? findings : [fine(option, `${namespace} has its ${wanted.length} search attributes`)]
}
