/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* Each number of the declaration has its name. */
#include "gd.h"

_Static_assert(GD_STASH_OP_PUT == 1, "GD_STASH_OP_PUT");
_Static_assert(GD_STASH_OP_GET == 2, "GD_STASH_OP_GET");
_Static_assert(GD_STASH_OP_DELETE == 3, "GD_STASH_OP_DELETE");
_Static_assert(GD_STASH_OP_KEYS == 4, "GD_STASH_OP_KEYS");
_Static_assert(GD_STASH_OP_CLEAR == 5, "GD_STASH_OP_CLEAR");
_Static_assert(GD_STASH_OP_INFO == 6, "GD_STASH_OP_INFO");
_Static_assert(GD_STASH_OP_ENSURE == 7, "GD_STASH_OP_ENSURE");
_Static_assert(GD_STASH_OP_DELETE_TABLE == 8, "GD_STASH_OP_DELETE_TABLE");
_Static_assert(GD_STASH_OP_TABLES == 9, "GD_STASH_OP_TABLES");
_Static_assert(GD_STASH_OP_EXISTS == 10, "GD_STASH_OP_EXISTS");
_Static_assert(GD_STASH_OP_PUT_IF_ABSENT == 11, "GD_STASH_OP_PUT_IF_ABSENT");
_Static_assert(GD_STASH_OP_POP == 12, "GD_STASH_OP_POP");
_Static_assert(GD_STASH_OP_INCR == 13, "GD_STASH_OP_INCR");
_Static_assert(GD_STASH_OP_TOUCH == 14, "GD_STASH_OP_TOUCH");
_Static_assert(GD_STASH_OP_TTL == 15, "GD_STASH_OP_TTL");
_Static_assert(GD_STASH_OP_ENTRY == 16, "GD_STASH_OP_ENTRY");
_Static_assert(GD_STASH_OP_SWAP == 17, "GD_STASH_OP_SWAP");
_Static_assert(GD_STASH_OP_GET_MANY == 18, "GD_STASH_OP_GET_MANY");
_Static_assert(GD_STASH_OP_PUT_MANY == 19, "GD_STASH_OP_PUT_MANY");
_Static_assert(GD_STASH_OP_PAGE == 20, "GD_STASH_OP_PAGE");
_Static_assert(GD_STASH_OP_PUSH_LEFT == 21, "GD_STASH_OP_PUSH_LEFT");
_Static_assert(GD_STASH_OP_PUSH_RIGHT == 22, "GD_STASH_OP_PUSH_RIGHT");
_Static_assert(GD_STASH_OP_POP_LEFT == 23, "GD_STASH_OP_POP_LEFT");
_Static_assert(GD_STASH_OP_POP_RIGHT == 24, "GD_STASH_OP_POP_RIGHT");
_Static_assert(GD_STASH_OP_LENGTH == 25, "GD_STASH_OP_LENGTH");
_Static_assert(GD_STASH_OP_CHANGES == 26, "GD_STASH_OP_CHANGES");
_Static_assert(GD_MANAGE_OP_ADD == 1, "GD_MANAGE_OP_ADD");
_Static_assert(GD_MANAGE_OP_REMOVE == 2, "GD_MANAGE_OP_REMOVE");
_Static_assert(GD_MANAGE_OP_RELOAD == 3, "GD_MANAGE_OP_RELOAD");
_Static_assert(GD_MANAGE_OP_SET == 4, "GD_MANAGE_OP_SET");
_Static_assert(GD_MANAGE_OP_CALLS == 5, "GD_MANAGE_OP_CALLS");
_Static_assert(GD_MANAGE_OP_STACKS == 6, "GD_MANAGE_OP_STACKS");
_Static_assert(GD_MANAGE_OP_KILL == 7, "GD_MANAGE_OP_KILL");
_Static_assert(GD_MANAGE_OP_RECYCLE == 8, "GD_MANAGE_OP_RECYCLE");
_Static_assert(GD_MESSAGE_REQUEST == 1, "GD_MESSAGE_REQUEST");
_Static_assert(GD_MESSAGE_RESPONSE == 2, "GD_MESSAGE_RESPONSE");
_Static_assert(GD_MESSAGE_ERROR == 3, "GD_MESSAGE_ERROR");
_Static_assert(GD_MESSAGE_CHUNK == 4, "GD_MESSAGE_CHUNK");
_Static_assert(GD_MESSAGE_END == 5, "GD_MESSAGE_END");
_Static_assert(GD_MESSAGE_STASH == 16, "GD_MESSAGE_STASH");
_Static_assert(GD_MESSAGE_STATUS == 17, "GD_MESSAGE_STATUS");
_Static_assert(GD_MESSAGE_MANAGE == 18, "GD_MESSAGE_MANAGE");
_Static_assert(GD_MESSAGE_CANCEL == 128, "GD_MESSAGE_CANCEL");
_Static_assert(GD_MESSAGE_PAUSE == 129, "GD_MESSAGE_PAUSE");
_Static_assert(GD_MESSAGE_RESUME == 130, "GD_MESSAGE_RESUME");
_Static_assert(GD_MAX_PAYLOAD_BYTES == 67108864, "GD_MAX_PAYLOAD_BYTES");
_Static_assert(GD_MAX_BLOB_BYTES == 67108864, "GD_MAX_BLOB_BYTES");
_Static_assert(GD_MAX_ITEMS == 1048576, "GD_MAX_ITEMS");
_Static_assert(GD_MAX_DEPTH == 512, "GD_MAX_DEPTH");

int main(void) {
    return 0;
}
