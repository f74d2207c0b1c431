/** A request as a route sees it: whatever HTTP brought, bounded and decoded. */
export interface HttpRequest {
  /** Decoded segments of the path, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The body as text, well-formed UTF-8; empty without one. */
  readonly body: string;
  /** Aborted when the caller goes away, the server is stopped or the request took too long. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** `application/json` by default. */
  readonly contentType?: string | undefined;
}

/** Answers, or throws RunlogError, which becomes a problem (RFC 9457). */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer;

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Segments that start with `:` are parameters. */
  readonly path: string;
  readonly handle: Handler;
  /** Found by its exact path before express is asked (docs/adr/0015). Has no parameters. */
  readonly hot?: boolean | undefined;
  /** Answered whatever the load: health, readiness, metrics. */
  readonly always?: boolean | undefined;
}
