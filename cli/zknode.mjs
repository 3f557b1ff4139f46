#!/usr/bin/env node
// The sources are TypeScript: tsx runs them, here and in every process that is started.
import { register } from 'tsx/esm/api'

register()
await import('./main.ts')
