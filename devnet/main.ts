import { runProgram } from '#cli/program.ts'
import { devnetCommand } from './command.ts'

await runProgram(devnetCommand().name('npm start --'))
