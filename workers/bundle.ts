import { buildWorkflowBundle } from './workflowBundle.ts'

await buildWorkflowBundle()
