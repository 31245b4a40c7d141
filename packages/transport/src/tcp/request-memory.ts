/** The process-wide budget for bytes of requests, shared by all listeners: full means stop reading sockets. */
export class RequestMemory {
  readonly limitBytes: number;
  constructor(options: { readonly limitBytes: number }) {
    this.limitBytes = options.limitBytes;
  }
}
