// @generated from spec/ (29f8ebf8fb89fce2) by python -m spec.codegen --write; do not edit
/** gd: GD/1 values, frames, messages and connections, without I/O. */
export * from "./limits.js";
export * from "./errors.js";
export * from "./values.js";
export * from "./header.js";
export * from "./messages.js";
export * from "./exchanges.js";
export * from "./connection.js";
