/** The answer of this server: what all answers share joins the head when it is written. */
import { ServerResponse } from 'node:http';
import type { HttpRequest } from '../../kit/http.ts';

export class HttpResponse extends ServerResponse<HttpRequest> {
  /** Names and values in turn. Node writes a ready list at a third of the cost of as many `setHeader`. */
  shared: readonly string[] = [];

  /** Also reached by `end` and `write` of a handler that never calls it. */
  override writeHead(status: number, ...rest: unknown[]): this {
    const [headers = []] = rest;
    if (rest.length <= 1 && Array.isArray(headers) && this.getHeaderNames().length === 0) {
      return super.writeHead(status, this.shared.concat(headers));
    }
    for (let i = 0; i < this.shared.length; i += 2) {
      const [name = '', value = ''] = [this.shared[i], this.shared[i + 1]];
      if (!this.hasHeader(name)) this.setHeader(name, value);
    }
    return super.writeHead(status, ...(rest as []));
  }
}
