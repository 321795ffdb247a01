/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* === The facts of the wire =================================================================== */

#define SPEC_HASH "bf4d3690e7fddfc1"
#define MAX_PAYLOAD_BYTES 67108864
#define MAX_BLOB_BYTES 67108864
#define MAX_ITEMS 1048576
#define MAX_DEPTH 512
#define MAX_PATH_CHARS 200
#define LIST_BYTES 1
#define DICT_BYTES 6
#define MOST_VALUE_BYTES 67108869
#define ROUTING_FIELDS 4
#define EARLY_FIELD 3
#define CODE_NONE 0x00
#define CODE_BOOL 0x01
#define CODE_INT64 0x05
#define CODE_FLOAT64 0x06
#define CODE_BYTES 0x10
#define CODE_STRING 0x11
#define CODE_LIST 0x20
#define CODE_DICT 0x21

#define HEADER_BYTES 16
#define HEADER_TYPE(at) get8((at) + 3)
#define HEADER_LENGTH(at) get32((at) + 4)
#define HEADER_REQUEST_ID(at) get64((at) + 8)

#define MESSAGES 11
/* Of a message, its request id among them. */
#define MAX_FIELDS 12

/* Message codes to places in the tables of messages. */
static const int8_t code_index[256] = {
    -1, 0, 1, 2, 3, 4, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    8, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

INLINE int header_is_sound(const uint8_t *at) {
    return memcmp(at + 0, "GD", 2) == 0 && get8(at + 2) == 1 &&
           code_index[HEADER_TYPE(at)] >= 0 &&
           HEADER_LENGTH(at) <= 67108864;
}

INLINE void put_header(uint8_t *at, uint8_t code, size_t length, uint64_t request_id) {
    memcpy(at + 0, "GD", 2);
    put8(at + 2, (uint8_t)1);
    put8(at + 3, (uint8_t)code);
    put32(at + 4, (uint32_t)length);
    put64(at + 8, (uint64_t)request_id);
}


#define CONNECTION_REQUEST_ID 0
#define STATES 5
#define IDLE_STATE 0
#define ROLES 4

/* One more than the place of the next state, for a frame delivered; 0 for others.
   By role, state, whether the opener sends it, and message. */
static const uint8_t moves[ROLES][STATES][2][MESSAGES] = {
    { /* client */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 4, 4, 4, 0, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 2}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 3}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* abandoned */
    },
    { /* arbiter */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 4, 4, 4, 0, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 2}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 3}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* abandoned */
    },
    { /* lane */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 2}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 3}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* abandoned */
    },
    { /* worker */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0}}, /* idle */
        {{0, 1, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 2}}, /* calling */
        {{0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 3}}, /* streaming */
        {{0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* asking */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}}, /* abandoned */
    },
};
static const uint8_t opener_roles[ROLES] = {1, 0, 1, 0};
