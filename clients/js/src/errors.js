/**
 * What went wrong, with the same codes that the server uses on the socket and in REST.
 *
 * The client adds three of its own: `bad_answer` (what answered is no GatheRing: a page of a proxy, say),
 * `unreachable` (nothing answered) and `closed` (you closed the stream, or the client).
 */
export class GatheringError extends Error {
  /**
   * @param {string} code
   * @param {string} detail One sentence for people.
   * @param {boolean} [retryable] Whether the same request can succeed later.
   */
  constructor(code, detail, retryable = false) {
    super(detail);
    this.name = 'GatheringError';
    this.code = code;
    this.retryable = retryable;
  }

  /**
   * The error in the `data` of an `error` frame, or in the body of a REST answer.
   * @param {any} data
   */
  static from(data) {
    return new GatheringError(String(data?.code ?? 'bad_answer'), String(data?.detail ?? ''), !!data?.retryable);
  }
}

/**
 * What could not be reached may be there later.
 * @param {unknown} cause
 */
export const unreachable = (cause) => new GatheringError('unreachable', String(cause), true);
