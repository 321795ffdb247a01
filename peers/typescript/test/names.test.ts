// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** Each number of the declaration has its name. */

import assert from "node:assert/strict";
import test from "node:test";
import * as gd from "../src/gd/index.js";

test("every number has its name", () => {
  assert.deepEqual(gd.StashOp, {
    put: 1n,
    get: 2n,
    delete: 3n,
    keys: 4n,
    clear: 5n,
    info: 6n,
    ensure: 7n,
    delete_table: 8n,
    tables: 9n,
    exists: 10n,
    put_if_absent: 11n,
    pop: 12n,
    incr: 13n,
    touch: 14n,
    ttl: 15n,
    entry: 16n,
    swap: 17n,
    get_many: 18n,
    put_many: 19n,
    page: 20n,
    push_left: 21n,
    push_right: 22n,
    pop_left: 23n,
    pop_right: 24n,
    length: 25n,
    changes: 26n,
  });
  assert.deepEqual(gd.ManageOp, {
    add: 1n,
    remove: 2n,
    reload: 3n,
    set: 4n,
    calls: 5n,
    stacks: 6n,
    kill: 7n,
    recycle: 8n,
  });
  assert.deepEqual(gd.MESSAGE_CODES, {
    REQUEST: 0x01,
    RESPONSE: 0x02,
    ERROR: 0x03,
    CHUNK: 0x04,
    END: 0x05,
    STASH: 0x10,
    STATUS: 0x11,
    MANAGE: 0x12,
    CANCEL: 0x80,
    PAUSE: 0x81,
    RESUME: 0x82,
  });
  assert.equal(gd.MAX_PAYLOAD_BYTES, 67_108_864);
  assert.equal(gd.MAX_BLOB_BYTES, 67_108_864);
  assert.equal(gd.MAX_ITEMS, 1_048_576);
  assert.equal(gd.MAX_DEPTH, 512);
});
