/** GD/1 for TypeScript and JavaScript. */

export * from "./gd/index.js";
