// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** gd: GD/1 values, frames, messages and connections, without I/O. */
export * from "./limits.js";
export * from "./errors.js";
export * from "./values.js";
export * from "./header.js";
export * from "./messages.js";
export * from "./exchanges.js";
export * from "./connection.js";
