// Compiles the description: `node compile.mjs LANGUAGE FOLDER`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";

const compiler = createRequire(import.meta.url)("kaitai-struct-compiler");
const [language, folder] = process.argv.slice(2);

const description = parse(readFileSync(new URL("gd/gd.ksy", import.meta.url), "utf8"));
const files = await compiler.compile(language, description, null, false);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  writeFileSync(join(folder, name), text);
}
