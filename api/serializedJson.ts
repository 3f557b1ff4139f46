/** A result that is JSON already: dispatch sends the text as it is. */
export class SerializedJson {
  readonly text: string

  constructor(value: unknown) {
    this.text = JSON.stringify(value)
  }
}
