import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Starts a thread on a TypeScript module, whatever the process itself was started with. */
export function startTypeScriptThread(module: URL, options: WorkerOptions = {}): Worker {
  const url = JSON.stringify(module.href)
  const bootstrap = `import('tsx/esm/api').then(({ register }) => { register(); return import(${url}) })`
  return new Worker(bootstrap, { ...options, eval: true, execArgv: [] })
}
