/** A result that is JSON already: it goes into the answer as it is. Traces are written where they are made. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
