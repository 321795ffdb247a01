// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.gd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Each number of the declaration has its name. */
class NamesTest {
  @Test
  void everyNumberHasItsName() {
    assertEquals(1, StashOp.PUT.code());
    assertEquals(2, StashOp.GET.code());
    assertEquals(3, StashOp.DELETE.code());
    assertEquals(4, StashOp.KEYS.code());
    assertEquals(5, StashOp.CLEAR.code());
    assertEquals(6, StashOp.INFO.code());
    assertEquals(7, StashOp.ENSURE.code());
    assertEquals(8, StashOp.DELETE_TABLE.code());
    assertEquals(9, StashOp.TABLES.code());
    assertEquals(10, StashOp.EXISTS.code());
    assertEquals(11, StashOp.PUT_IF_ABSENT.code());
    assertEquals(12, StashOp.POP.code());
    assertEquals(13, StashOp.INCR.code());
    assertEquals(14, StashOp.TOUCH.code());
    assertEquals(15, StashOp.TTL.code());
    assertEquals(16, StashOp.ENTRY.code());
    assertEquals(17, StashOp.SWAP.code());
    assertEquals(18, StashOp.GET_MANY.code());
    assertEquals(19, StashOp.PUT_MANY.code());
    assertEquals(20, StashOp.PAGE.code());
    assertEquals(21, StashOp.PUSH_LEFT.code());
    assertEquals(22, StashOp.PUSH_RIGHT.code());
    assertEquals(23, StashOp.POP_LEFT.code());
    assertEquals(24, StashOp.POP_RIGHT.code());
    assertEquals(25, StashOp.LENGTH.code());
    assertEquals(26, StashOp.CHANGES.code());
    assertEquals(1, ManageOp.ADD.code());
    assertEquals(2, ManageOp.REMOVE.code());
    assertEquals(3, ManageOp.RELOAD.code());
    assertEquals(4, ManageOp.SET.code());
    assertEquals(5, ManageOp.CALLS.code());
    assertEquals(6, ManageOp.STACKS.code());
    assertEquals(7, ManageOp.KILL.code());
    assertEquals(8, ManageOp.RECYCLE.code());
    assertEquals(1, MessageType.REQUEST.code());
    assertEquals(2, MessageType.RESPONSE.code());
    assertEquals(3, MessageType.ERROR.code());
    assertEquals(4, MessageType.CHUNK.code());
    assertEquals(5, MessageType.END.code());
    assertEquals(16, MessageType.STASH.code());
    assertEquals(17, MessageType.STATUS.code());
    assertEquals(18, MessageType.MANAGE.code());
    assertEquals(128, MessageType.CANCEL.code());
    assertEquals(129, MessageType.PAUSE.code());
    assertEquals(130, MessageType.RESUME.code());
    assertEquals(67108864, Limits.MAX_PAYLOAD_BYTES);
    assertEquals(67108864, Limits.MAX_BLOB_BYTES);
    assertEquals(1048576, Limits.MAX_ITEMS);
    assertEquals(512, Limits.MAX_DEPTH);
  }
}
