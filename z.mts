import {readPreset} from './config/presets.ts'; import {renderTemplate} from './config/template.ts'
console.log(renderTemplate(readPreset(process.argv[2], process.argv[3]??'zknode.yaml')))
