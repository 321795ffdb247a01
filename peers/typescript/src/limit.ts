/** How long a call may wait: until a time, and until its caller aborts it. */

import { DirtyTimeoutError, dict } from "./gd/index.js";

export class Limit {
  private readonly ends: number;

  /**
   * @param timeout in milliseconds
   * @param signal whose reason is thrown when it is aborted
   * @param what a caller is told that had to do with it
   */
  constructor(
    private readonly timeout: number,
    private readonly signal: AbortSignal | undefined,
    private readonly what: string,
  ) {
    this.ends = performance.now() + timeout;
  }

  /** The same wait from now on, for at most so many milliseconds. */
  again(): Limit {
    return new Limit(this.timeout, this.signal, this.what);
  }

  /** Throws the signal's reason where it is aborted already. */
  throwIfAborted(): void {
    this.signal?.throwIfAborted();
  }

  /** What the promise gives, unless the limit is reached before. */
  async of<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    const reached = new Promise<never>((_, failed) => {
      const left = this.ends - performance.now();
      if (left < Infinity) timer = setTimeout(() => failed(this.passed()), Math.max(0, left));
      abort = () => failed(this.signal?.reason);
      if (this.signal?.aborted) abort();
      this.signal?.addEventListener("abort", abort);
    });
    try {
      return await Promise.race([promise, reached]);
    } finally {
      clearTimeout(timer);
      if (abort) this.signal?.removeEventListener("abort", abort);
    }
  }

  private passed(): DirtyTimeoutError {
    const seconds = this.timeout / 1000;
    const details = dict({ timeout: seconds });
    return new DirtyTimeoutError(`${this.what}: no answer within ${seconds} s`, details);
  }
}
