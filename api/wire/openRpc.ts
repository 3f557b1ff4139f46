import { NODE_VERSION } from '#common/version.ts'
import type { Method } from '../method.ts'
import type { Param } from '../params.ts'
import { collectComponents, type Schema } from '../schemas.ts'

const OPEN_RPC_VERSION = '1.3.2'

/** A document of OpenRPC about methods, from the definitions that also read their params. Source: spec.open-rpc.org. */
export function describeApi(methods: readonly Method[]) {
  const schemas = methods.flatMap(({ params, result }) => [...params.map(({ schema }) => schema), result])
  return {
    openrpc: OPEN_RPC_VERSION,
    info: { title: 'zkNode JSON-RPC', version: NODE_VERSION },
    methods: methods.map(describeMethod),
    components: { schemas: collectComponents(schemas) },
  }
}

const describeMethod = ({ name, namespace, summary, cost, params, result }: Method) => ({
  name,
  summary,
  tags: [{ name: namespace }],
  paramStructure: 'either',
  params: params.map(describeParam),
  result: { name: 'result', schema: result },
  'x-cost': cost,
})

const describeParam = ({
  name,
  required,
  schema,
}: Param<unknown>): { name: string; required: boolean; schema: Schema } => ({
  name,
  required,
  schema,
})
