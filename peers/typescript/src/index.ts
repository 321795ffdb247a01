/** GD/1 for TypeScript and JavaScript: codec, client and worker. */

export * from "./gd/index.js";
export { Client, type Answer, type CallOptions, type ClientOptions } from "./client.js";
export { type Given } from "./operations.js";
export { Table } from "./stash.js";
export { serve, type App, type Call, type Factory } from "./worker.js";
