import { readFileSync, writeFileSync } from 'node:fs'
import { PAGE, renewPage } from './page.ts'

/** `npm run docs`, from the root of the repository. */
writeFileSync(PAGE, renewPage(readFileSync(PAGE, 'utf8')))
