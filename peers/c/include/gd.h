/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* GD/1 in C11, one header: values, messages, and connections without I/O.
 *
 * Rules: nothing is global, nothing blocks, and nothing is printed. What can fail returns a gd_code
 * and fills a gd_fault that says where: GD_CODE_OK is zero. Memory comes from the gd_allocator that
 * the caller gives.
 *
 * Lifetime: what is decoded borrows. Texts and bytes lie in the input, lists and dicts in the
 * gd_arena: a value lives as long as both. The message of an event lives until the next call on its
 * connection.
 */
#ifndef GD_H
#define GD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- limits --- */

#define GD_VERSION 1
#define GD_HEADER_BYTES 16u
#define GD_MAX_PAYLOAD_BYTES 67108864u /* payload of one frame, in bytes */
#define GD_MAX_BLOB_BYTES 67108864u /* one bytes or string value, in encoded bytes */
#define GD_MAX_ITEMS 1048576u /* items of one list, or pairs of one dict */
#define GD_MAX_DEPTH 512u /* lists and dicts open at once, the outermost included */
#define GD_MAX_VALUE_BYTES 67108869u /* one value that is encoded alone */
#define GD_RAW_DATA_BYTES 100u /* of what was at fault, in the details of an ERROR */
#define GD_FIRST_EXTENSION 0x80
#define GD_LAST_EXTENSION 0xef
#define GD_STASH_OP_PUT 1
#define GD_STASH_OP_GET 2
#define GD_STASH_OP_DELETE 3
#define GD_STASH_OP_KEYS 4
#define GD_STASH_OP_CLEAR 5
#define GD_STASH_OP_INFO 6
#define GD_STASH_OP_ENSURE 7
#define GD_STASH_OP_DELETE_TABLE 8
#define GD_STASH_OP_TABLES 9
#define GD_STASH_OP_EXISTS 10
#define GD_STASH_OP_PUT_IF_ABSENT 11
#define GD_STASH_OP_POP 12
#define GD_STASH_OP_INCR 13
#define GD_STASH_OP_TOUCH 14
#define GD_STASH_OP_TTL 15
#define GD_STASH_OP_ENTRY 16
#define GD_STASH_OP_SWAP 17
#define GD_STASH_OP_GET_MANY 18
#define GD_STASH_OP_PUT_MANY 19
#define GD_STASH_OP_PAGE 20
#define GD_STASH_OP_PUSH_LEFT 21
#define GD_STASH_OP_PUSH_RIGHT 22
#define GD_STASH_OP_POP_LEFT 23
#define GD_STASH_OP_POP_RIGHT 24
#define GD_STASH_OP_LENGTH 25
#define GD_STASH_OP_CHANGES 26
#define GD_MANAGE_OP_ADD 1
#define GD_MANAGE_OP_REMOVE 2
#define GD_MANAGE_OP_RELOAD 3
#define GD_MANAGE_OP_SET 4
#define GD_MANAGE_OP_CALLS 5
#define GD_MANAGE_OP_STACKS 6
#define GD_MANAGE_OP_KILL 7
#define GD_MANAGE_OP_RECYCLE 8

/* --- errors --- */

/* What is wrong with bytes, with values, or with what a peer did. */
typedef enum gd_code {
    GD_CODE_OK, /* nothing is wrong */
    GD_CODE_BAD_MAGIC, /* The frame does not begin with the magic bytes. */
    GD_CODE_UNSUPPORTED_VERSION, /* The version byte is not one we speak. */
    GD_CODE_UNKNOWN_MESSAGE_TYPE, /* The type byte names no message. */
    GD_CODE_PAYLOAD_TOO_LARGE, /* The payload exceeds its limit. */
    GD_CODE_TRUNCATED, /* All bytes were promised and some are missing, or a declared size cannot fit. */
    GD_CODE_TRAILING_DATA, /* Bytes remain after the value or frame. */
    GD_CODE_UNKNOWN_TLV_TYPE, /* The type byte names no value type. */
    GD_CODE_INVALID_BOOL, /* A bool's byte is neither 00 nor 01. */
    GD_CODE_INVALID_UTF8, /* A string's bytes are not valid UTF-8. */
    GD_CODE_LENGTH_TOO_LARGE, /* A bytes or string exceeds its limit. */
    GD_CODE_TOO_MANY_ITEMS, /* A list or dict exceeds its limit. */
    GD_CODE_NESTING_TOO_DEEP, /* Too many containers are open at once. */
    GD_CODE_KEY_NOT_STRING, /* A dict key is not a string. */
    GD_CODE_DUPLICATE_KEY, /* A dict holds the same key twice. */
    GD_CODE_UNEXPECTED_PAYLOAD, /* A message without payload carries one. */
    GD_CODE_PAYLOAD_NOT_DICT, /* The payload's value is not a dict. */
    GD_CODE_MISSING_FIELD, /* A required field is absent. */
    GD_CODE_WRONG_FIELD_TYPE, /* A field's value has another type. */
    GD_CODE_INVALID_FIELD_VALUE, /* A field has its type but an impossible value. */
    GD_CODE_INT_OUT_OF_RANGE, /* No integer type can hold the value. */
    GD_CODE_INVALID_TEXT, /* A text has no UTF-8 form (a lone surrogate). */
    GD_CODE_UNSUPPORTED_TYPE, /* The value's type has no TLV form. */
    GD_CODE_UNEXPECTED_MESSAGE, /* The message is not legal in this state or role. */
    GD_CODE_DUPLICATE_REQUEST_ID, /* An exchange with this id is still open. */
    GD_CODE_NO_MEMORY /* no code of the protocol: the allocator gave none */
} gd_code;

/* The code as the specification writes it. */
static inline const char *gd_code_name(gd_code code) {
    switch (code) {
    case GD_CODE_OK:
        return "ok";
    case GD_CODE_BAD_MAGIC:
        return "bad_magic";
    case GD_CODE_UNSUPPORTED_VERSION:
        return "unsupported_version";
    case GD_CODE_UNKNOWN_MESSAGE_TYPE:
        return "unknown_message_type";
    case GD_CODE_PAYLOAD_TOO_LARGE:
        return "payload_too_large";
    case GD_CODE_TRUNCATED:
        return "truncated";
    case GD_CODE_TRAILING_DATA:
        return "trailing_data";
    case GD_CODE_UNKNOWN_TLV_TYPE:
        return "unknown_tlv_type";
    case GD_CODE_INVALID_BOOL:
        return "invalid_bool";
    case GD_CODE_INVALID_UTF8:
        return "invalid_utf8";
    case GD_CODE_LENGTH_TOO_LARGE:
        return "length_too_large";
    case GD_CODE_TOO_MANY_ITEMS:
        return "too_many_items";
    case GD_CODE_NESTING_TOO_DEEP:
        return "nesting_too_deep";
    case GD_CODE_KEY_NOT_STRING:
        return "key_not_string";
    case GD_CODE_DUPLICATE_KEY:
        return "duplicate_key";
    case GD_CODE_UNEXPECTED_PAYLOAD:
        return "unexpected_payload";
    case GD_CODE_PAYLOAD_NOT_DICT:
        return "payload_not_dict";
    case GD_CODE_MISSING_FIELD:
        return "missing_field";
    case GD_CODE_WRONG_FIELD_TYPE:
        return "wrong_field_type";
    case GD_CODE_INVALID_FIELD_VALUE:
        return "invalid_field_value";
    case GD_CODE_INT_OUT_OF_RANGE:
        return "int_out_of_range";
    case GD_CODE_INVALID_TEXT:
        return "invalid_text";
    case GD_CODE_UNSUPPORTED_TYPE:
        return "unsupported_type";
    case GD_CODE_UNEXPECTED_MESSAGE:
        return "unexpected_message";
    case GD_CODE_DUPLICATE_REQUEST_ID:
        return "duplicate_request_id";
    case GD_CODE_NO_MEMORY:
        break;
    }
    return "no_memory";
}

/* What a fault ends. */
typedef enum gd_scope {
    GD_SCOPE_NONE,
    GD_SCOPE_EXCHANGE, /* its exchange; the connection goes on */
    GD_SCOPE_CONNECTION /* the connection: nothing more can be read */
} gd_scope;

#define GD_MAX_PATH_CHARS 200u
#define GD_MAX_KEY_CHARS 32u
#define GD_PATH_BYTES 801u

/* A fault: what is wrong, and where. */
typedef struct gd_fault {
    gd_code code;
    gd_scope scope;
    bool has_offset; /* reading has one, writing and states have none */
    size_t offset; /* in bytes, from the first one that was handed in */
    uint64_t request_id; /* of the frame, 0 where none is known */
    char path[GD_PATH_BYTES]; /* in the payload, UTF-8; empty for all of it */
} gd_fault;

/* What became of a call, as it travels in an ERROR. */
typedef enum gd_error_type {
    GD_ERROR_DIRTY_ERROR, /* Any failure; unknown names are read as this one. */
    GD_ERROR_DIRTY_TIMEOUT_ERROR, /* A deadline passed. */
    GD_ERROR_DIRTY_CONNECTION_ERROR, /* The connection failed, was lost, or is let go of. */
    GD_ERROR_DIRTY_WORKER_ERROR, /* The worker died, was condemned or refused. */
    GD_ERROR_DIRTY_APP_ERROR, /* The app raised, or its result cannot be encoded. */
    GD_ERROR_DIRTY_APP_NOT_FOUND_ERROR, /* The app cannot be found. */
    GD_ERROR_DIRTY_NO_WORKERS_AVAILABLE_ERROR, /* No worker serves the app, or ever will. */
    GD_ERROR_DIRTY_PROTOCOL_ERROR, /* Bytes or state were at fault. */
    GD_ERROR_DIRTY_OVERLOADED_ERROR, /* A queue is full. */
    GD_ERROR_DIRTY_CANCELLED_ERROR, /* The exchange was cancelled. */
    GD_ERROR_DIRTY_PERMISSION_ERROR, /* The peer may not do this. */
    GD_ERROR_STASH_ERROR, /* A stash operation failed. */
    GD_ERROR_STASH_TABLE_NOT_FOUND_ERROR, /* The stash table does not exist. */
    GD_ERROR_STASH_KEY_NOT_FOUND_ERROR, /* The stash table has no such key. */
} gd_error_type;

/* An error type: its name, the one that it specialises (itself for the first), and the names of its
 * details, a space between them. */
typedef struct gd_error_rule {
    const char *name;
    gd_error_type parent;
    const char *details;
} gd_error_rule;

/* What is known of an error type. */
static inline const gd_error_rule *gd_error_rule_of(gd_error_type type) {
    static const gd_error_rule rules[14] = {
        {"DirtyError", GD_ERROR_DIRTY_ERROR, ""},
        {"DirtyTimeoutError", GD_ERROR_DIRTY_ERROR, "timeout app_path action where waited"},
        {"DirtyConnectionError", GD_ERROR_DIRTY_ERROR, "socket_path begun"},
        {"DirtyWorkerError", GD_ERROR_DIRTY_ERROR, "worker_id traceback"},
        {"DirtyAppError", GD_ERROR_DIRTY_ERROR, "app_path action traceback exception_type exception_bases"},
        {"DirtyAppNotFoundError", GD_ERROR_DIRTY_APP_ERROR, "app_path action traceback"},
        {"DirtyNoWorkersAvailableError", GD_ERROR_DIRTY_ERROR, "app_path reason begun"},
        {"DirtyProtocolError", GD_ERROR_DIRTY_ERROR, "code offset path raw_data"},
        {"DirtyOverloadedError", GD_ERROR_DIRTY_ERROR, "app_path retry_after"},
        {"DirtyCancelledError", GD_ERROR_DIRTY_ERROR, ""},
        {"DirtyPermissionError", GD_ERROR_DIRTY_ERROR, ""},
        {"StashError", GD_ERROR_DIRTY_ERROR, ""},
        {"StashTableNotFoundError", GD_ERROR_STASH_ERROR, "table_name"},
        {"StashKeyNotFoundError", GD_ERROR_STASH_ERROR, "table_name key"},
    };
    return &rules[type];
}

/* The error type of that name; the first one for a name that is not known. */
static inline gd_error_type gd_error_type_named(const char *name, size_t size) {
    int type;
    for (type = 0; type < 14; type++) {
        const gd_error_rule *rule = gd_error_rule_of((gd_error_type)type);
        if (strlen(rule->name) == size && memcmp(rule->name, name, size) == 0) {
            return (gd_error_type)type;
        }
    }
    return (gd_error_type)0;
}

/* Fill a fault that has no place yet; returns its code. */
static inline gd_code gd__fault(gd_fault *fault, gd_code code, gd_scope scope) {
    fault->code = code;
    fault->scope = scope;
    fault->has_offset = false;
    fault->offset = 0;
    fault->request_id = 0;
    fault->path[0] = 0;
    return code;
}

/* The same, at an offset. */
static inline gd_code gd__fault_at(gd_fault *fault, gd_code code, gd_scope scope, size_t offset) {
    gd__fault(fault, code, scope);
    fault->has_offset = true;
    fault->offset = offset;
    return code;
}

/* --- paths --- */

/* A path under way. One character more than fits is let in, and then cut off. */
typedef struct gd__path {
    char *text;
    size_t size;
    size_t chars;
    size_t cut; /* where the last character begins that may have to go */
} gd__path;

static inline void gd__path_byte(gd__path *path, char byte) {
    if (((unsigned char)byte & 0xC0) != 0x80) {
        if (path->chars == GD_MAX_PATH_CHARS - 1) {
            path->cut = path->size;
        }
        path->chars++;
    }
    if (path->chars <= GD_MAX_PATH_CHARS) {
        path->text[path->size++] = byte;
    }
}

static inline void gd__path_text(gd__path *path, const char *text) {
    while (*text) {
        gd__path_byte(path, *text++);
    }
}

static inline void gd__path_index(gd__path *path, size_t index) {
    char text[32];
    snprintf(text, sizeof text, "[%zu]", index);
    gd__path_text(path, text);
}

/* How a character of a quoted key is written where it does not stand for itself. */
static inline const char *gd__escape(char byte) {
    switch (byte) {
    case 34:
        return "\134\042";
    case 92:
        return "\134\134";
    case 8:
        return "\134b";
    case 12:
        return "\134f";
    case 10:
        return "\134n";
    case 13:
        return "\134r";
    case 9:
        return "\134t";
    default:
        return NULL;
    }
}

static inline bool gd__is_plain(const char *key, size_t size) {
    size_t at;
    for (at = 0; at < size; at++) {
        char byte = key[at];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
            byte == '_';
        if (!is_letter && (at == 0 || byte < '0' || byte > '9')) {
            return false;
        }
    }
    return size > 0 && size <= GD_MAX_KEY_CHARS;
}

static inline void gd__path_quoted(gd__path *path, const char *key, size_t size) {
    char control[8];
    size_t at, chars = 0;
    gd__path_text(path, "[\"");
    for (at = 0; at < size; at++) {
        const char *escape = gd__escape(key[at]);
        if (((unsigned char)key[at] & 0xC0) != 0x80 && chars++ == GD_MAX_KEY_CHARS) {
            gd__path_text(path, "\342\200\246");
            break;
        }
        if (escape != NULL) {
            gd__path_text(path, escape);
        } else if ((unsigned char)key[at] < 0x20) {
            snprintf(control, sizeof control, "\\u%04x", (unsigned)(unsigned char)key[at]);
            gd__path_text(path, control);
        } else {
            gd__path_byte(path, key[at]);
        }
    }
    gd__path_text(path, "\"]");
}

static inline void gd__path_key(gd__path *path, const char *key, size_t size) {
    size_t at;
    if (!gd__is_plain(key, size)) {
        gd__path_quoted(path, key, size);
        return;
    }
    if (path->chars > 0) {
        gd__path_byte(path, '.');
    }
    for (at = 0; at < size; at++) {
        gd__path_byte(path, key[at]);
    }
}

static inline gd__path gd__path_of(gd_fault *fault) {
    gd__path path = {NULL, 0, 0, 0};
    path.text = fault->path;
    return path;
}

static inline void gd__path_end(gd__path *path) {
    if (path->chars > GD_MAX_PATH_CHARS) {
        memcpy(path->text + path->cut, "\342\200\246", sizeof "\342\200\246" - 1);
        path->size = path->cut + sizeof "\342\200\246" - 1;
    }
    path->text[path->size] = 0;
}

/* --- memory --- */

/* Where memory comes from. `resize` makes `old_size` bytes into `new_size` of them, as realloc
 * does: it returns NULL where it cannot, and frees them for a new size of 0. */
typedef struct gd_allocator {
    void *(*resize)(void *context, void *memory, size_t old_size, size_t new_size);
    void *context;
} gd_allocator;

static inline void *gd__heap(void *context, void *memory, size_t old_size, size_t new_size) {
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, new_size);
}

/* The allocator of the C library. */
static inline gd_allocator gd_heap(void) {
    gd_allocator heap = {gd__heap, NULL};
    return heap;
}

static inline void *gd__take(const gd_allocator *from, size_t size) {
    return from->resize(from->context, NULL, 0, size);
}

static inline void gd__give_back(const gd_allocator *to, void *memory, size_t size) {
    if (memory != NULL) {
        (void)to->resize(to->context, memory, size, 0);
    }
}

typedef struct gd__block {
    struct gd__block *before;
    size_t size;
} gd__block;

/* Memory that is taken piece by piece, and given back all at once. */
typedef struct gd_arena {
    gd_allocator allocator;
    gd__block *block;
    uint8_t *next;
    size_t left;
} gd_arena;

#define GD__FIRST_BLOCK ((size_t)4096)
#define GD__LARGEST_BLOCK ((size_t)1024 * 1024)

/* An arena that has taken nothing yet. */
static inline gd_arena gd_arena_new(gd_allocator allocator) {
    gd_arena arena = {{NULL, NULL}, NULL, NULL, 0};
    arena.allocator = allocator;
    return arena;
}

static inline bool gd__arena_grow(gd_arena *arena, size_t size) {
    size_t grown = arena->block == NULL ? GD__FIRST_BLOCK : 2 * arena->block->size;
    gd__block *block;
    if (grown > GD__LARGEST_BLOCK) {
        grown = GD__LARGEST_BLOCK;
    }
    if (grown < size + sizeof(gd__block)) {
        grown = size + sizeof(gd__block);
    }
    block = (gd__block *)gd__take(&arena->allocator, grown);
    if (block == NULL) {
        return false;
    }
    block->before = arena->block;
    block->size = grown;
    arena->block = block;
    arena->next = (uint8_t *)(block + 1);
    arena->left = grown - sizeof(gd__block);
    return true;
}

/* So many bytes, for values of any kind; NULL where there are none. */
static inline void *gd_arena_take(gd_arena *arena, size_t size) {
    void *taken;
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + 15) & ~(size_t)15;
    if (arena->left < size && !gd__arena_grow(arena, size)) {
        return NULL;
    }
    taken = arena->next;
    arena->next += size;
    arena->left -= size;
    return taken;
}

static inline void gd__arena_drop(gd_arena *arena, gd__block *last) {
    while (arena->block != last) {
        gd__block *block = arena->block;
        arena->block = block->before;
        gd__give_back(&arena->allocator, block, block->size);
    }
}

/* Forget all that was taken; one block is kept for what comes. */
static inline void gd_arena_reset(gd_arena *arena) {
    gd__block *kept = arena->block;
    if (kept == NULL) {
        return;
    }
    arena->block = kept->before;
    gd__arena_drop(arena, NULL);
    arena->block = kept;
    kept->before = NULL;
    arena->next = (uint8_t *)(kept + 1);
    arena->left = kept->size - sizeof(gd__block);
    if (kept->size > GD__LARGEST_BLOCK) {
        gd__arena_drop(arena, NULL);
        arena->left = 0;
    }
}

/* Give back all that was taken. */
static inline void gd_arena_free(gd_arena *arena) {
    gd__arena_drop(arena, NULL);
    arena->left = 0;
}

/* Bytes that grow. */
typedef struct gd_buffer {
    gd_allocator allocator;
    uint8_t *bytes;
    size_t size;
    size_t capacity;
} gd_buffer;

/* A buffer without bytes. */
static inline gd_buffer gd_buffer_new(gd_allocator allocator) {
    gd_buffer buffer = {{NULL, NULL}, NULL, 0, 0};
    buffer.allocator = allocator;
    return buffer;
}

/* Have room for so many bytes more; false where there is none. */
static inline bool gd_buffer_reserve(gd_buffer *buffer, size_t more) {
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    uint8_t *bytes;
    if (buffer->capacity - buffer->size >= more) {
        return true;
    }
    if (more > SIZE_MAX / 4 - buffer->size) {
        return false;
    }
    while (capacity - buffer->size < more) {
        capacity *= 2;
    }
    bytes = (uint8_t *)buffer->allocator.resize(buffer->allocator.context, buffer->bytes,
        buffer->capacity, capacity);
    if (bytes == NULL) {
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

/* Put bytes behind those that are there; false where there is no room. */
static inline bool gd_buffer_append(gd_buffer *buffer, const void *bytes, size_t size) {
    if (!gd_buffer_reserve(buffer, size)) {
        return false;
    }
    if (size > 0) {
        memcpy(buffer->bytes + buffer->size, bytes, size);
        buffer->size += size;
    }
    return true;
}

/* Give back all bytes. */
static inline void gd_buffer_free(gd_buffer *buffer) {
    gd__give_back(&buffer->allocator, buffer->bytes, buffer->capacity);
    buffer->bytes = NULL;
    buffer->size = 0;
    buffer->capacity = 0;
}

static inline uint8_t gd__get8(const uint8_t *bytes) {
    return bytes[0];
}

static inline void gd__put8(uint8_t *bytes, uint8_t number) {
    bytes[0] = (uint8_t)number;
}

static inline uint16_t gd__get16(const uint8_t *bytes) {
    return (uint16_t)((uint16_t)((uint16_t)bytes[0] << 8) | bytes[1]);
}

static inline void gd__put16(uint8_t *bytes, uint16_t number) {
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

static inline uint32_t gd__get32(const uint8_t *bytes) {
    return (uint32_t)((uint32_t)bytes[0] << 24) | (uint32_t)((uint32_t)bytes[1] << 16) | (uint32_t)((uint32_t)bytes[2] << 8) | bytes[3];
}

static inline void gd__put32(uint8_t *bytes, uint32_t number) {
    bytes[0] = (uint8_t)(number >> 24);
    bytes[1] = (uint8_t)(number >> 16);
    bytes[2] = (uint8_t)(number >> 8);
    bytes[3] = (uint8_t)number;
}

static inline uint64_t gd__get64(const uint8_t *bytes) {
    return (uint64_t)((uint64_t)bytes[0] << 56) | (uint64_t)((uint64_t)bytes[1] << 48) | (uint64_t)((uint64_t)bytes[2] << 40) | (uint64_t)((uint64_t)bytes[3] << 32) | (uint64_t)((uint64_t)bytes[4] << 24) | (uint64_t)((uint64_t)bytes[5] << 16) | (uint64_t)((uint64_t)bytes[6] << 8) | bytes[7];
}

static inline void gd__put64(uint8_t *bytes, uint64_t number) {
    bytes[0] = (uint8_t)(number >> 56);
    bytes[1] = (uint8_t)(number >> 48);
    bytes[2] = (uint8_t)(number >> 40);
    bytes[3] = (uint8_t)(number >> 32);
    bytes[4] = (uint8_t)(number >> 24);
    bytes[5] = (uint8_t)(number >> 16);
    bytes[6] = (uint8_t)(number >> 8);
    bytes[7] = (uint8_t)number;
}

/* --- values --- */

/* What a value is. */
typedef enum gd_kind {
    GD_KIND_NONE, /* so all zeros are a none */
    GD_KIND_BOOL,
    GD_KIND_INTEGER,
    GD_KIND_FLOAT,
    GD_KIND_BYTES,
    GD_KIND_STRING,
    GD_KIND_LIST,
    GD_KIND_DICT,
    GD_KIND_LARGE /* an integer above INT64_MAX */
} gd_kind;

struct gd_pair;

/* A value; which member holds it, its kind says. `size` is that of a blob in bytes, and of a
 * container in items or pairs. */
typedef struct gd_value {
    gd_kind kind;
    uint32_t size;
    union {
        int64_t integer;
        uint64_t large;
        double number;
        bool boolean;
        const uint8_t *bytes;
        const char *text; /* UTF-8, without a zero at its end */
        const struct gd_value *items;
        const struct gd_pair *pairs;
    };
} gd_value;

/* A key, which is a text, and what it stands for. */
typedef struct gd_pair {
    gd_value key;
    gd_value value;
} gd_pair;

static inline gd_value gd__value(gd_kind kind, size_t size) {
    gd_value value;
    value.kind = kind;
    value.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    value.integer = 0;
    return value;
}

static inline gd_value gd_none(void) {
    return gd__value(GD_KIND_NONE, 0);
}

static inline gd_value gd_bool(bool held) {
    gd_value value = gd__value(GD_KIND_BOOL, 0);
    value.boolean = held;
    return value;
}

static inline gd_value gd_integer(int64_t held) {
    gd_value value = gd__value(GD_KIND_INTEGER, 0);
    value.integer = held;
    return value;
}

/* An integer without a sign. */
static inline gd_value gd_unsigned(uint64_t held) {
    gd_value value = gd__value(held > INT64_MAX ? GD_KIND_LARGE : GD_KIND_INTEGER, 0);
    value.large = held;
    return value;
}

static inline gd_value gd_float(double held) {
    gd_value value = gd__value(GD_KIND_FLOAT, 0);
    value.number = held;
    return value;
}

static inline gd_value gd_bytes(const void *bytes, size_t size) {
    gd_value value = gd__value(GD_KIND_BYTES, size);
    value.bytes = (const uint8_t *)bytes;
    return value;
}

static inline gd_value gd_string(const char *text, size_t size) {
    gd_value value = gd__value(GD_KIND_STRING, size);
    value.text = text == NULL ? "" : text;
    return value;
}

/* A text that ends at its first zero. */
static inline gd_value gd_text(const char *text) {
    return gd_string(text, strlen(text));
}

static inline gd_value gd_list(const gd_value *items, size_t count) {
    gd_value value = gd__value(GD_KIND_LIST, count);
    value.items = items;
    return value;
}

static inline gd_value gd_dict(const gd_pair *pairs, size_t count) {
    gd_value value = gd__value(GD_KIND_DICT, count);
    value.pairs = pairs;
    return value;
}

static inline gd_pair gd_pair_of(const char *key, gd_value value) {
    gd_pair pair;
    pair.key = gd_text(key);
    pair.value = value;
    return pair;
}

static inline bool gd_is_text(const gd_value *value, const char *text) {
    size_t size = strlen(text);
    return value->kind == GD_KIND_STRING && value->size == size &&
        memcmp(value->text, text, size) == 0;
}

/* What a dict holds under a key; NULL where it does not, or where the value is no dict. */
static inline const gd_value *gd_get(const gd_value *dict, const char *key) {
    uint32_t at;
    if (dict->kind != GD_KIND_DICT) {
        return NULL;
    }
    for (at = 0; at < dict->size; at++) {
        if (gd_is_text(&dict->pairs[at].key, key)) {
            return &dict->pairs[at].value;
        }
    }
    return NULL;
}

/* --- texts and keys --- */

static inline bool gd__is_continued(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the character that begins here, as RFC 3629 has it; 0 for none. */
static inline size_t gd__char_bytes(const uint8_t *text, size_t size) {
    uint8_t first = text[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    if (size < 2 || !gd__is_continued(text[1])) {
        return 0;
    }
    if (first < 0xE0) {
        return 2;
    }
    if (size < 3 || !gd__is_continued(text[2])) {
        return 0;
    }
    if (first < 0xF0) {
        /* Neither longer than need be nor a half of a pair. */
        return (first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ? 0 : 3;
    }
    if (size < 4 || !gd__is_continued(text[3])) {
        return 0;
    }
    return (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F) ? 0 : 4;
}

static inline bool gd__is_utf8_by_char(const uint8_t *text, size_t size) {
    while (size > 0) {
        size_t bytes = gd__char_bytes(text, size);
        if (bytes == 0) {
            return false;
        }
        text += bytes;
        size -= bytes;
        while (size >= 8 && (gd__get64(text) & UINT64_C(0x8080808080808080)) == 0) {
            text += 8;
            size -= 8;
        }
    }
    return true;
}

static inline bool gd__is_utf8(const uint8_t *text, size_t size) {
    uint64_t high = 0;
    size_t at;
    if (size >= 8) {
        for (at = 0; at + 8 < size; at += 8) {
            high |= gd__get64(text + at);
        }
        high |= gd__get64(text + size - 8);
    } else if (size >= 4) {
        high = gd__get32(text) | gd__get32(text + size - 4);
    } else if (size > 0) {
        high = (uint64_t)text[0] | text[size / 2] | text[size - 1];
    }
    return (high & UINT64_C(0x8080808080808080)) == 0 || gd__is_utf8_by_char(text, size);
}

static inline bool gd__same_key(const gd_value *one, const gd_value *other) {
    return one->size == other->size && memcmp(one->text, other->text, one->size) == 0;
}

/* A number of one byte by which most keys differ. */
static inline uint32_t gd__mark(const gd_value *key) {
    const uint8_t *text = (const uint8_t *)key->text;
    uint32_t size = key->size, mixed = size;
    if (size >= 4) {
        mixed ^= gd__get32(text) ^ (gd__get32(text + size - 4) * 0x85EBCA6Bu);
    } else if (size > 0) {
        mixed ^=
            ((uint32_t)text[0] << 16) ^ ((uint32_t)text[size / 2] << 8) ^ (uint32_t)text[size - 1];
    }
    return (mixed * 0x9E3779B1u) >> 24;
}

/* Where the first key stands that an earlier one equals; `count` where none does. */
static inline size_t gd__repeated_of_few(const gd_pair *pairs, size_t count) {
    uint64_t seen[4] = {0, 0, 0, 0};
    size_t at, before;
    for (at = 0; at < count; at++) {
        uint32_t mark = gd__mark(&pairs[at].key);
        uint64_t bit = UINT64_C(1) << (mark & 63);
        if (seen[mark >> 6] & bit) {
            for (before = 0; before < at; before++) {
                if (gd__same_key(&pairs[before].key, &pairs[at].key)) {
                    return at;
                }
            }
        }
        seen[mark >> 6] |= bit;
    }
    return count;
}

/* A key's first bytes, and where it stands. */
typedef struct gd__rank {
    uint64_t prefix;
    size_t at;
} gd__rank;

static inline gd__rank gd__rank_of(const gd_pair *pairs, size_t at) {
    const gd_value *key = &pairs[at].key;
    uint8_t first[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    gd__rank rank;
    if (key->size > 0) {
        memcpy(first, key->text, key->size < 8 ? key->size : 8);
    }
    rank.prefix = gd__get64(first);
    rank.at = at;
    return rank;
}

static inline int gd__compared(const gd_pair *pairs, gd__rank one, gd__rank other) {
    const gd_value *left = &pairs[one.at].key, *right = &pairs[other.at].key;
    int differs;
    if (one.prefix != other.prefix) {
        return one.prefix < other.prefix ? -1 : 1;
    }
    differs = memcmp(left->text, right->text, left->size < right->size ? left->size : right->size);
    return differs != 0 ? differs : (left->size > right->size) - (left->size < right->size);
}

/* Merge runs of so many ranks, two and two, into another array; equal ones stay in their order. */
static inline void gd__merge(const gd_pair *pairs, const gd__rank *from, gd__rank *to,
    size_t count, size_t run) {
    size_t start, at;
    for (start = 0; start < count; start += 2 * run) {
        size_t left = start, middle = start + run < count ? start + run : count;
        size_t right = middle, end = middle + run < count ? middle + run : count;
        for (at = start; at < end; at++) {
            bool is_left = right == end ||
                (left < middle && gd__compared(pairs, from[left], from[right]) <= 0);
            to[at] = is_left ? from[left++] : from[right++];
        }
    }
}

static inline bool gd__is_ascending(const gd_pair *pairs, const gd__rank *ranks, size_t count) {
    size_t at;
    for (at = 1; at < count; at++) {
        if (gd__compared(pairs, ranks[at - 1], ranks[at]) >= 0) {
            return false;
        }
    }
    return true;
}

static inline size_t gd__repeated_of_sorted(const gd_pair *pairs, const gd__rank *ranks,
    size_t count) {
    size_t at, found = count;
    for (at = 1; at < count; at++) {
        if (ranks[at].at < found && gd__compared(pairs, ranks[at - 1], ranks[at]) == 0) {
            found = ranks[at].at;
        }
    }
    return found;
}

/* As of few; what it costs grows with the keys and little more, whoever chose them. */
static inline bool gd__repeated_of_many(const gd_pair *pairs, size_t count,
    const gd_allocator *from, size_t *found) {
    size_t at, run, size = 2 * count * sizeof(gd__rank);
    gd__rank *taken = (gd__rank *)gd__take(from, size), *ranks = taken, *other;
    if (taken == NULL) {
        return false;
    }
    for (at = 0; at < count; at++) {
        ranks[at] = gd__rank_of(pairs, at);
    }
    *found = count;
    if (!gd__is_ascending(pairs, ranks, count)) {
        other = taken + count;
        for (run = 1; run < count; run *= 2) {
            gd__rank *merged = other;
            gd__merge(pairs, ranks, merged, count, run);
            other = ranks;
            ranks = merged;
        }
        *found = gd__repeated_of_sorted(pairs, ranks, count);
    }
    gd__give_back(from, taken, size);
    return true;
}

/* Look for a key that an earlier one equals; false where there is no memory to do so. */
static inline bool gd__repeated(const gd_pair *pairs, size_t count, const gd_allocator *from,
    size_t *found) {
    if (count > 64) {
        return gd__repeated_of_many(pairs, count, from, found);
    }
    *found = gd__repeated_of_few(pairs, count);
    return true;
}

/* --- reading --- */

/* A list or dict that is open: the value that it is, and where the one around it ends. */
typedef struct gd__open {
    gd_value *slot;
    gd_value *stop;
    bool is_dict;
} gd__open;

/* What a value is read from, and where reading stopped. */
typedef struct gd__reader {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    gd_arena *arena;
    size_t depth;
    gd_value *slot;
    gd__open open[GD_MAX_DEPTH];
} gd__reader;

static inline gd_code gd__read(gd__reader *reader, gd_value *root, size_t *offset) {
    const uint8_t *const bytes = reader->bytes;
    const ptrdiff_t end = (ptrdiff_t)reader->size;
    /* Where the bytes end that nothing around this value is still owed. */
    ptrdiff_t fit = end, at = (ptrdiff_t)reader->at, where = 0;
    gd__open *const open = reader->open;
    gd_value *slot = root, *stop = root + 1, *values;
    gd_code refusal = GD_CODE_OK;
    bool is_dict = false;
    size_t depth = 0, found;
    uint64_t number;
    uint32_t size;
    goto value;
begun:
    if (!is_dict) {
        fit += 1;
        goto value;
    }
    fit += 6;
    if (at >= end) {
        refusal = GD_CODE_TRUNCATED;
        where = end;
        goto refused;
    }
    if (bytes[at] != 0x11) {
        goto no_key;
    }
    if (end - at < 5) {
        refusal = GD_CODE_TRUNCATED;
        where = end;
        goto refused;
    }
    size = gd__get32((bytes + at + 1));
    if (size > GD_MAX_BLOB_BYTES) {
        refusal = GD_CODE_LENGTH_TOO_LARGE;
        where = at + 1;
        goto refused;
    }
    if ((ptrdiff_t)size > fit - at - 5) {
        refusal = GD_CODE_TRUNCATED;
        where = at + 1;
        goto refused;
    }
    at += 5;
    if (!gd__is_utf8(bytes + at, size)) {
        refusal = GD_CODE_INVALID_UTF8;
        where = at;
        goto refused;
    }
    slot->kind = GD_KIND_STRING;
    slot->size = size;
    slot->text = (const char *)(bytes + at);
    at += (ptrdiff_t)size;
    slot++;
value:
    if (at >= end) {
        refusal = GD_CODE_TRUNCATED;
        where = end;
        goto refused;
    }
    switch (bytes[at]) {
    case 0x00:
        slot->kind = GD_KIND_NONE;
        at++;
        break;
    case 0x01:
        if (end - at < 2) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        number = (bytes + at + 1)[0];
        if (number != 0 && number != 1) {
            refusal = GD_CODE_INVALID_BOOL;
            where = at + 1;
            goto refused;
        }
        slot->kind = GD_KIND_BOOL;
        slot->boolean = number == 1;
        at += 2;
        break;
    case 0x05:
        if (end - at < 9) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        slot->integer = (int64_t)gd__get64((bytes + at + 1));
        slot->kind = GD_KIND_INTEGER;
        at += 9;
        break;
    case 0x06:
        if (end - at < 9) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        number = gd__get64((bytes + at + 1));
        memcpy(&slot->number, &number, sizeof slot->number);
        slot->kind = GD_KIND_FLOAT;
        at += 9;
        break;
    case 0x10:
        if (end - at < 5) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        size = gd__get32((bytes + at + 1));
        if (size > GD_MAX_BLOB_BYTES) {
            refusal = GD_CODE_LENGTH_TOO_LARGE;
            where = at + 1;
            goto refused;
        }
        if ((ptrdiff_t)size > fit - at - 5) {
            refusal = GD_CODE_TRUNCATED;
            where = at + 1;
            goto refused;
        }
        at += 5;
        slot->kind = GD_KIND_BYTES;
        slot->size = size;
        slot->bytes = bytes + at;
        at += (ptrdiff_t)size;
        break;
    case 0x11:
        if (end - at < 5) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        size = gd__get32((bytes + at + 1));
        if (size > GD_MAX_BLOB_BYTES) {
            refusal = GD_CODE_LENGTH_TOO_LARGE;
            where = at + 1;
            goto refused;
        }
        if ((ptrdiff_t)size > fit - at - 5) {
            refusal = GD_CODE_TRUNCATED;
            where = at + 1;
            goto refused;
        }
        at += 5;
        if (!gd__is_utf8(bytes + at, size)) {
            refusal = GD_CODE_INVALID_UTF8;
            where = at;
            goto refused;
        }
        slot->kind = GD_KIND_STRING;
        slot->size = size;
        slot->text = (const char *)(bytes + at);
        at += (ptrdiff_t)size;
        break;
    case 0x20:
        if (depth == GD_MAX_DEPTH) {
            refusal = GD_CODE_NESTING_TOO_DEEP;
            where = at;
            goto refused;
        }
        if (end - at < 5) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        size = gd__get32((bytes + at + 1));
        if (size > GD_MAX_ITEMS) {
            refusal = GD_CODE_TOO_MANY_ITEMS;
            where = at + 1;
            goto refused;
        }
        if ((ptrdiff_t)size > fit - at - 5) {
            refusal = GD_CODE_TRUNCATED;
            where = at + 1;
            goto refused;
        }
        at += 5;
        slot->kind = GD_KIND_LIST;
        slot->size = size;
        slot->items = NULL;
        if (size == 0) {
            break;
        }
        values = (gd_value *)gd_arena_take(reader->arena, (size_t)size * sizeof(gd_value));
        if (values == NULL) {
            refusal = GD_CODE_NO_MEMORY;
            where = at;
            goto refused;
        }
        slot->items = values;
        fit -= (ptrdiff_t)size * 1;
        open[depth].slot = slot;
        open[depth].stop = stop;
        open[depth].is_dict = is_dict;
        depth++;
        slot = values;
        stop = values + (size_t)size;
        is_dict = false;
        goto begun;
        break;
    case 0x21:
        if (depth == GD_MAX_DEPTH) {
            refusal = GD_CODE_NESTING_TOO_DEEP;
            where = at;
            goto refused;
        }
        if (end - at < 5) {
            refusal = GD_CODE_TRUNCATED;
            where = end;
            goto refused;
        }
        size = gd__get32((bytes + at + 1));
        if (size > GD_MAX_ITEMS) {
            refusal = GD_CODE_TOO_MANY_ITEMS;
            where = at + 1;
            goto refused;
        }
        if ((ptrdiff_t)size * 6 > fit - at - 5) {
            refusal = GD_CODE_TRUNCATED;
            where = at + 1;
            goto refused;
        }
        at += 5;
        slot->kind = GD_KIND_DICT;
        slot->size = size;
        slot->pairs = NULL;
        if (size == 0) {
            break;
        }
        values = (gd_value *)gd_arena_take(reader->arena, 2 * (size_t)size * sizeof(gd_value));
        if (values == NULL) {
            refusal = GD_CODE_NO_MEMORY;
            where = at;
            goto refused;
        }
        slot->pairs = (const gd_pair *)values;
        fit -= (ptrdiff_t)size * 6;
        open[depth].slot = slot;
        open[depth].stop = stop;
        open[depth].is_dict = is_dict;
        depth++;
        slot = values;
        stop = values + 2 * (size_t)size;
        is_dict = true;
        goto begun;
        break;
    default:
        refusal = GD_CODE_UNKNOWN_TLV_TYPE;
        where = at;
        goto refused;
    }
    for (slot++; slot == stop; slot++) {
        if (depth == 0) {
            goto done;
        }
        depth--;
        slot = open[depth].slot;
        stop = open[depth].stop;
        if (is_dict) {
            if (!gd__repeated(slot->pairs, slot->size, &reader->arena->allocator, &found)) {
                found = slot->size;
                refusal = GD_CODE_NO_MEMORY;
            }
            if (found < slot->size || refusal != GD_CODE_OK) {
                values = (gd_value *)(uintptr_t)&slot->pairs[found < slot->size ? found : 0].value;
                where = at;
                refusal = refusal != GD_CODE_OK ? refusal : GD_CODE_DUPLICATE_KEY;
                depth++;
                slot = values;
                goto refused;
            }
        }
        is_dict = open[depth].is_dict;
    }
    goto begun;
no_key:
    where = at;
    switch (bytes[at]) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x06:
    case 0x10:
    case 0x11:
    case 0x20:
    case 0x21:
        refusal = GD_CODE_KEY_NOT_STRING;
        break;
    default:
        refusal = GD_CODE_UNKNOWN_TLV_TYPE;
    }
refused:
    reader->depth = depth;
    reader->slot = slot;
    *offset = (size_t)where;
    return refusal;
done:
    reader->at = (size_t)at;
    return GD_CODE_OK;
}

/* How many keys of an open dict have been gone through up to this value of it; a list has none. */
static inline size_t gd__keys_past(const gd_value *container, const gd_value *slot) {
    if (container->kind != GD_KIND_DICT) {
        return 0;
    }
    return ((size_t)(slot - (const gd_value *)container->pairs) + 1) / 2;
}

/* Where reading stopped in the container that is open at this depth. */
static inline const gd_value *gd__stopped(const gd__reader *reader, size_t depth) {
    return depth + 1 < reader->depth ? reader->open[depth + 1].slot : reader->slot;
}

/* The path to where reading stopped, from the outermost container to one at this depth. */
static inline void gd__path_read(gd__path *path, const gd__reader *reader, size_t depth) {
    size_t at;
    for (at = 0; at < depth; at++) {
        const gd_value *container = reader->open[at].slot, *slot = gd__stopped(reader, at);
        if (container->kind == GD_KIND_LIST) {
            gd__path_index(path, (size_t)(slot - container->items));
        } else if ((slot - (const gd_value *)container->pairs) % 2 == 1) {
            gd__path_key(path, slot[-1].text, slot[-1].size);
        }
    }
}

/* Tell of a fault, or of a repeated key that stands before it. */
static inline gd_code gd__refuse(const gd__reader *reader, gd_code code, size_t offset,
    gd_fault *fault) {
    gd__path path;
    size_t at, found = 0;
    gd__fault_at(fault, code, GD_SCOPE_EXCHANGE, offset);
    path = gd__path_of(fault);
    for (at = 0; at < reader->depth; at++) {
        const gd_value *dict = reader->open[at].slot;
        size_t count = gd__keys_past(dict, gd__stopped(reader, at));
        if (!gd__repeated(dict->pairs, count, &reader->arena->allocator, &found)) {
            fault->code = GD_CODE_NO_MEMORY;
            break;
        }
        if (found < count) {
            const gd_value *key = &dict->pairs[found].key;
            fault->code = GD_CODE_DUPLICATE_KEY;
            fault->offset = (size_t)((const uint8_t *)key->text - reader->bytes) - 5;
            gd__path_read(&path, reader, at);
            gd__path_key(&path, key->text, key->size);
            gd__path_end(&path);
            return fault->code;
        }
    }
    gd__path_read(&path, reader, reader->depth);
    gd__path_end(&path);
    return fault->code;
}

/* The value that begins at `at` and takes all bytes up to the end. */
static inline gd_code gd__decode(const uint8_t *bytes, size_t at, size_t size, gd_arena *arena,
    gd_value *value, gd_fault *fault) {
    gd__reader reader;
    size_t offset = 0;
    gd_code refusal;
    reader.bytes = bytes;
    reader.at = at;
    reader.size = size;
    reader.arena = arena;
    refusal = gd__read(&reader, value, &offset);
    if (refusal != GD_CODE_OK) {
        return gd__refuse(&reader, refusal, offset, fault);
    }
    if (reader.at < size) {
        return gd__fault_at(fault, GD_CODE_TRAILING_DATA, GD_SCOPE_EXCHANGE, reader.at);
    }
    return GD_CODE_OK;
}

/* Read the value that all of the bytes encode. It borrows from them, and from the arena. */
static inline gd_code gd_decode(const uint8_t *bytes, size_t size, gd_arena *arena,
    gd_value *value, gd_fault *fault) {
    return gd__decode(bytes, 0, size, arena, value, fault);
}

/* Where a value ends that has been judged. */
static inline size_t gd__after(const uint8_t *bytes, size_t at) {
    size_t left = 1;
    for (; left > 0; left--) {
        switch (bytes[at]) {
        case 0x00:
            at += 1;
            break;
        case 0x01:
            at += 2;
            break;
        case 0x05:
            at += 9;
            break;
        case 0x06:
            at += 9;
            break;
        case 0x10:
            at += 5 + (size_t)gd__get32((bytes + at + 1));
            break;
        case 0x11:
            at += 5 + (size_t)gd__get32((bytes + at + 1));
            break;
        case 0x20:
            left += (size_t)gd__get32((bytes + at + 1));
            at += 5;
            break;
        case 0x21:
            left += (size_t)gd__get32((bytes + at + 1)) * 2;
            at += 5;
            break;
        default:
            return at;
        }
    }
    return at;
}

/* --- writing --- */

/* A list or dict that is open, and where the one around it ends. */
typedef struct gd__shown {
    const gd_value *slot;
    const gd_value *last;
    bool is_dict;
} gd__shown;

/* Where values are written to, and where writing stopped. `outer` containers are open around. */
typedef struct gd__writer {
    gd_buffer *out;
    size_t start;
    size_t most;
    size_t outer;
    bool is_over;
    size_t depth;
    const gd_value *slot;
    gd__shown open[GD_MAX_DEPTH];
} gd__writer;

static inline void gd__writer_begin(gd__writer *writer, gd_buffer *out, size_t most, size_t outer) {
    writer->out = out;
    writer->start = out->size;
    writer->most = most;
    writer->outer = outer;
    writer->is_over = false;
    writer->depth = 0;
}

/* Make room for so many bytes of a blob, and for a little more. */
static inline bool gd__grow(gd__writer *writer, uint8_t **to, uint8_t **stop, size_t size) {
    gd_buffer *out = writer->out;
    out->size = out->bytes == NULL ? 0 : (size_t)(*to - out->bytes);
    if (out->size - writer->start > writer->most) {
        writer->is_over = true;
        out->size = writer->start;
    }
    if (!gd_buffer_reserve(out, size + 2 * 16)) {
        return false;
    }
    *to = out->bytes + out->size;
    *stop = out->bytes + out->capacity;
    return true;
}

static inline void gd__copy(uint8_t *to, const uint8_t *from, size_t size) {
    if (size >= 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        uint64_t first, last;
        memcpy(&first, from, 8);
        memcpy(&last, from + size - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
    } else if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
    } else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

static inline gd_code gd__write(gd__writer *writer, const gd_value *root) {
    gd__shown *const open = writer->open;
    const gd_value *slot = root, *last = root + 1;
    gd_code refusal = GD_CODE_OK;
    bool is_dict = false;
    size_t depth = 0, found;
    uint64_t number;
    uint8_t *to = NULL, *stop = NULL;
    if (writer->out->bytes != NULL) {
        to = writer->out->bytes + writer->out->size;
        stop = writer->out->bytes + writer->out->capacity;
    }
    goto value;
begun:
    if (is_dict) {
        if (slot->kind != GD_KIND_STRING) {
            refusal = GD_CODE_KEY_NOT_STRING;
            goto refused;
        }
        if (!gd__is_utf8((const uint8_t *)slot->text, slot->size)) {
            refusal = GD_CODE_INVALID_TEXT;
            goto refused;
        }
        if (slot->size > GD_MAX_BLOB_BYTES) {
            refusal = GD_CODE_LENGTH_TOO_LARGE;
            goto refused;
        }
        if ((size_t)(stop - to) < slot->size + (size_t)16) {
            if (!gd__grow(writer, &to, &stop, slot->size)) {
                refusal = GD_CODE_NO_MEMORY;
                goto refused;
            }
        }
        to[0] = 0x11;
        gd__put32(to + 1, (uint32_t)(slot->size));
        to += 5;
        gd__copy(to, (const uint8_t *)slot->text, slot->size);
        to += slot->size;
        slot++;
    }
value:
    if (stop - to < 16 && !gd__grow(writer, &to, &stop, 0)) {
        refusal = GD_CODE_NO_MEMORY;
        goto refused;
    }
    switch (slot->kind) {
    case GD_KIND_NONE:
        to[0] = 0x00;
        to++;
        break;
    case GD_KIND_BOOL:
        to[0] = 0x01;
        gd__put8(to + 1, (uint8_t)(slot->boolean ? 1 : 0));
        to += 2;
        break;
    case GD_KIND_FLOAT:
        memcpy(&number, &slot->number, sizeof number);
        to[0] = 0x06;
        gd__put64(to + 1, (uint64_t)(number));
        to += 9;
        break;
    case GD_KIND_BYTES:
        if (slot->size > GD_MAX_BLOB_BYTES) {
            refusal = GD_CODE_LENGTH_TOO_LARGE;
            goto refused;
        }
        if ((size_t)(stop - to) < slot->size + (size_t)16) {
            if (!gd__grow(writer, &to, &stop, slot->size)) {
                refusal = GD_CODE_NO_MEMORY;
                goto refused;
            }
        }
        to[0] = 0x10;
        gd__put32(to + 1, (uint32_t)(slot->size));
        to += 5;
        gd__copy(to, slot->bytes, slot->size);
        to += slot->size;
        break;
    case GD_KIND_STRING:
        if (!gd__is_utf8((const uint8_t *)slot->text, slot->size)) {
            refusal = GD_CODE_INVALID_TEXT;
            goto refused;
        }
        if (slot->size > GD_MAX_BLOB_BYTES) {
            refusal = GD_CODE_LENGTH_TOO_LARGE;
            goto refused;
        }
        if ((size_t)(stop - to) < slot->size + (size_t)16) {
            if (!gd__grow(writer, &to, &stop, slot->size)) {
                refusal = GD_CODE_NO_MEMORY;
                goto refused;
            }
        }
        to[0] = 0x11;
        gd__put32(to + 1, (uint32_t)(slot->size));
        to += 5;
        gd__copy(to, (const uint8_t *)slot->text, slot->size);
        to += slot->size;
        break;
    case GD_KIND_LIST:
        if (depth + writer->outer == GD_MAX_DEPTH) {
            refusal = GD_CODE_NESTING_TOO_DEEP;
            goto refused;
        }
        if (slot->size > GD_MAX_ITEMS) {
            refusal = GD_CODE_TOO_MANY_ITEMS;
            goto refused;
        }
        to[0] = 0x20;
        gd__put32(to + 1, (uint32_t)(slot->size));
        to += 5;
        if (slot->size == 0) {
            break;
        }
        open[depth].slot = slot;
        open[depth].last = last;
        open[depth].is_dict = is_dict;
        depth++;
        is_dict = false;
        last = slot->items + (size_t)slot->size;
        slot = slot->items;
        goto begun;
        break;
    case GD_KIND_DICT:
        if (depth + writer->outer == GD_MAX_DEPTH) {
            refusal = GD_CODE_NESTING_TOO_DEEP;
            goto refused;
        }
        if (slot->size > GD_MAX_ITEMS) {
            refusal = GD_CODE_TOO_MANY_ITEMS;
            goto refused;
        }
        to[0] = 0x21;
        gd__put32(to + 1, (uint32_t)(slot->size));
        to += 5;
        if (slot->size == 0) {
            break;
        }
        open[depth].slot = slot;
        open[depth].last = last;
        open[depth].is_dict = is_dict;
        depth++;
        is_dict = true;
        last = (const gd_value *)slot->pairs + 2 * (size_t)slot->size;
        slot = (const gd_value *)slot->pairs;
        goto begun;
        break;
    case GD_KIND_INTEGER:
        to[0] = 0x05;
        gd__put64(to + 1, (uint64_t)(slot->integer));
        to += 9;
        break;
    case GD_KIND_LARGE:
        refusal = GD_CODE_INT_OUT_OF_RANGE;
        goto refused;
    default:
        refusal = GD_CODE_UNSUPPORTED_TYPE;
        goto refused;
    }
    for (slot++; slot == last; slot++) {
        if (depth == 0) {
            goto done;
        }
        depth--;
        slot = open[depth].slot;
        last = open[depth].last;
        if (is_dict) {
            if (!gd__repeated(slot->pairs, slot->size, &writer->out->allocator, &found)) {
                refusal = GD_CODE_NO_MEMORY;
                goto refused;
            }
            if (found < slot->size) {
                refusal = GD_CODE_DUPLICATE_KEY;
                slot = &slot->pairs[found].value;
                depth++;
                goto refused;
            }
        }
        is_dict = open[depth].is_dict;
    }
    goto begun;
refused:
    writer->depth = depth;
    writer->slot = slot;
    return refusal;
done:
    writer->out->size = (size_t)(to - writer->out->bytes);
    return GD_CODE_OK;
}

static inline const gd_value *gd__reached(const gd__writer *writer, size_t depth) {
    return depth + 1 < writer->depth ? writer->open[depth + 1].slot : writer->slot;
}

static inline void gd__path_written(gd__path *path, const gd__writer *writer, size_t depth) {
    size_t at;
    for (at = 0; at < depth; at++) {
        const gd_value *container = writer->open[at].slot, *slot = gd__reached(writer, at);
        if (container->kind == GD_KIND_LIST) {
            gd__path_index(path, (size_t)(slot - container->items));
        } else if ((slot - (const gd_value *)container->pairs) % 2 == 1) {
            gd__path_key(path, slot[-1].text, slot[-1].size);
        }
    }
}

/* Tell where it is what cannot be written, or else of a repeated key before it. `path` leads to the
 * value. */
static inline gd_code gd__decline(const gd__writer *writer, gd__path *path, gd_fault *fault) {
    size_t at, found = 0;
    for (at = 0; at < writer->depth; at++) {
        const gd_value *dict = writer->open[at].slot;
        size_t count = gd__keys_past(dict, gd__reached(writer, at));
        if (!gd__repeated(dict->pairs, count, &writer->out->allocator, &found)) {
            fault->code = GD_CODE_NO_MEMORY;
            break;
        }
        if (found < count) {
            fault->code = GD_CODE_DUPLICATE_KEY;
            gd__path_written(path, writer, at);
            gd__path_key(path, dict->pairs[found].key.text, dict->pairs[found].key.size);
            gd__path_end(path);
            return fault->code;
        }
    }
    gd__path_written(path, writer, writer->depth);
    gd__path_end(path);
    return fault->code;
}

static inline bool gd__is_over(const gd__writer *writer) {
    return writer->is_over || writer->out->size - writer->start > writer->most;
}

/* Write a value behind the bytes that the buffer has. What is refused leaves them as they were. */
static inline gd_code gd_encode(const gd_value *value, gd_buffer *out, gd_fault *fault) {
    gd__writer writer;
    gd__path path;
    gd_code refusal;
    gd__writer_begin(&writer, out, GD_MAX_VALUE_BYTES, 0);
    refusal = gd__write(&writer, value);
    if (refusal != GD_CODE_OK) {
        out->size = writer.start;
        gd__fault(fault, refusal, GD_SCOPE_EXCHANGE);
        path = gd__path_of(fault);
        return gd__decline(&writer, &path, fault);
    }
    if (gd__is_over(&writer)) {
        out->size = writer.start;
        return gd__fault(fault, GD_CODE_PAYLOAD_TOO_LARGE, GD_SCOPE_EXCHANGE);
    }
    return GD_CODE_OK;
}

/* --- header --- */

/* What a frame means. */
typedef enum gd_message_type {
    GD_MESSAGE_REQUEST = 0x01, /* Call an action of an app. */
    GD_MESSAGE_RESPONSE = 0x02, /* The result of an exchange. */
    GD_MESSAGE_ERROR = 0x03, /* The failure of an exchange, or with id 0 of the connection. */
    GD_MESSAGE_CHUNK = 0x04, /* A piece of a stream. */
    GD_MESSAGE_END = 0x05, /* The end of a stream. */
    GD_MESSAGE_STASH = 0x10, /* An operation on the arbiter's shared tables. */
    GD_MESSAGE_STATUS = 0x11, /* Ask for the state of the arbiter or worker. */
    GD_MESSAGE_MANAGE = 0x12, /* Change the workers, or look at what they do. */
    GD_MESSAGE_CANCEL = 0x80, /* Give up an open exchange. */
    GD_MESSAGE_PAUSE = 0x81, /* Ask for no CHUNKs of an exchange for now. */
    GD_MESSAGE_RESUME = 0x82, /* Ask for the CHUNKs of an exchange again. */
} gd_message_type;

/* The name of a message type, as the specification writes it. */
static inline const char *gd_message_type_name(gd_message_type type) {
    switch (type) {
    case GD_MESSAGE_REQUEST:
        return "REQUEST";
    case GD_MESSAGE_RESPONSE:
        return "RESPONSE";
    case GD_MESSAGE_ERROR:
        return "ERROR";
    case GD_MESSAGE_CHUNK:
        return "CHUNK";
    case GD_MESSAGE_END:
        return "END";
    case GD_MESSAGE_STASH:
        return "STASH";
    case GD_MESSAGE_STATUS:
        return "STATUS";
    case GD_MESSAGE_MANAGE:
        return "MANAGE";
    case GD_MESSAGE_CANCEL:
        return "CANCEL";
    case GD_MESSAGE_PAUSE:
        return "PAUSE";
    case GD_MESSAGE_RESUME:
        return "RESUME";
    }
    return "";
}

/* The place of a message type among all; -1 for a code that is none. */
static inline int gd__message_index(unsigned type) {
    switch (type) {
    case GD_MESSAGE_REQUEST:
        return 0;
    case GD_MESSAGE_RESPONSE:
        return 1;
    case GD_MESSAGE_ERROR:
        return 2;
    case GD_MESSAGE_CHUNK:
        return 3;
    case GD_MESSAGE_END:
        return 4;
    case GD_MESSAGE_STASH:
        return 5;
    case GD_MESSAGE_STATUS:
        return 6;
    case GD_MESSAGE_MANAGE:
        return 7;
    case GD_MESSAGE_CANCEL:
        return 8;
    case GD_MESSAGE_PAUSE:
        return 9;
    case GD_MESSAGE_RESUME:
        return 10;
    default:
        return -1;
    }
}

/* Whether messages of this type have a payload. */
static inline bool gd_has_payload(gd_message_type type) {
    switch (type) {
    case GD_MESSAGE_END:
    case GD_MESSAGE_STATUS:
    case GD_MESSAGE_CANCEL:
    case GD_MESSAGE_PAUSE:
    case GD_MESSAGE_RESUME:
        return false;
    default:
        return true;
    }
}

/* What precedes a payload. */
typedef struct gd_header {
    gd_message_type type;
    uint32_t length; /* of the payload, in bytes */
    uint64_t request_id;
} gd_header;

/* Read and judge the first GD_HEADER_BYTES of a frame. */
static inline gd_code gd_header_read(const uint8_t *bytes, gd_header *header, gd_fault *fault) {
    {
        static const uint8_t magic[2] = {0x47, 0x44};
        if (memcmp(bytes + 0, magic, 2) != 0) {
            gd__fault_at(fault, GD_CODE_BAD_MAGIC, GD_SCOPE_CONNECTION, 0);
            return fault->code;
        }
    }
    if ((bytes + 2)[0] != 1) {
        gd__fault_at(fault, GD_CODE_UNSUPPORTED_VERSION, GD_SCOPE_CONNECTION, 2);
        return fault->code;
    }
    if (gd__message_index((bytes + 3)[0]) < 0) {
        gd__fault_at(fault, GD_CODE_UNKNOWN_MESSAGE_TYPE, GD_SCOPE_CONNECTION, 3);
        fault->request_id = gd__get64((bytes + 8));
        return fault->code;
    }
    if (gd__get32((bytes + 4)) > GD_MAX_PAYLOAD_BYTES) {
        gd__fault_at(fault, GD_CODE_PAYLOAD_TOO_LARGE, GD_SCOPE_CONNECTION, 4);
        fault->request_id = gd__get64((bytes + 8));
        return fault->code;
    }
    header->type = (gd_message_type)(bytes + 3)[0];
    header->length = (uint32_t)gd__get32((bytes + 4));
    header->request_id = gd__get64((bytes + 8));
    return GD_CODE_OK;
}

/* Judge whether the message may have the payload that its header tells of. */
static inline gd_code gd_header_check_presence(const gd_header *header, gd_fault *fault) {
    if (header->length == 0 || gd_has_payload(header->type)) {
        return GD_CODE_OK;
    }
    gd__fault_at(fault, GD_CODE_UNEXPECTED_PAYLOAD, GD_SCOPE_EXCHANGE, 4);
    fault->request_id = header->request_id;
    return fault->code;
}

/* Write GD_HEADER_BYTES. */
static inline void gd_header_write(const gd_header *header, uint8_t *bytes) {
    bytes[0] = 0x47;
    bytes[1] = 0x44;
    gd__put8(bytes + 2, (uint8_t)(1));
    gd__put8(bytes + 3, (uint8_t)(header->type));
    gd__put32((bytes + 4), (uint32_t)(header->length));
    gd__put64((bytes + 8), (uint64_t)(header->request_id));
}

/* --- messages --- */

/* Call an action of an app. */
typedef struct gd_request {
    gd_value app_path; /* the app, as module:Class */
    gd_value action; /* what to call on it */
    gd_value timeout; /* seconds from arrival at the arbiter, queueing included; none where it is absent */
    gd_value priority; /* 0 is usual; of requests that wait, the higher goes first; none where it is absent */
    gd_value trace; /* the trace that the caller takes part in, as headers of HTTP would tell it; none where it is absent */
    gd_value extensions; /* the extensions that the caller takes in the answer; none where it is absent */
    gd_value args; /* positional arguments; none where it is absent */
    gd_value kwargs; /* keyword arguments; none where it is absent */
} gd_request;

/* The result of an exchange. */
typedef struct gd_response {
    gd_value result; /* the result */
} gd_response;

/* The failure of an exchange, or with id 0 of the connection. */
typedef struct gd_error {
    gd_value error_type; /* a name from the table of error types */
    gd_value message; /* one line for a person */
    gd_value details; /* facts by name; none where it is absent */
} gd_error;

/* A piece of a stream. */
typedef struct gd_chunk {
    gd_value data; /* one piece */
} gd_chunk;

/* An operation on the arbiter's shared tables. */
typedef struct gd_stash {
    gd_value op; /* the operation */
    gd_value table; /* the table's name */
    gd_value key; /* the key; none where it is absent */
    gd_value value; /* the value; none where it is absent */
    gd_value pattern; /* a glob over string keys; none where it is absent */
    gd_value ttl; /* seconds that the key lives; none where it is absent */
    gd_value initial; /* the number to begin with; none where it is absent */
    gd_value version; /* the version that is expected; none where it is absent */
    gd_value count; /* how many keys at most; none where it is absent */
    gd_value after; /* where a page ended; none where it is absent */
    gd_value wait; /* seconds to wait for what is asked for; none where it is absent */
} gd_stash;

/* Change the workers, or look at what they do. */
typedef struct gd_manage {
    gd_value op; /* the operation */
    gd_value count; /* how many workers; none where it is absent */
    gd_value slot; /* the place of one worker; none where it is absent */
    gd_value call; /* the arbiter's number of one request; none where it is absent */
} gd_manage;

#define GD__MOST_FIELDS 11

/* A message: its type says which member holds its fields, and all of them stand in `fields` too.
 * What has no payload has no member. */
typedef struct gd_message {
    gd_message_type type;
    uint64_t request_id;
    union {
        gd_request request;
        gd_response response;
        gd_error error;
        gd_chunk chunk;
        gd_stash stash;
        gd_manage manage;
        gd_value fields[GD__MOST_FIELDS];
    };
} gd_message;

static inline gd_message gd__made(gd_message_type type, uint64_t request_id) {
    gd_message made;
    size_t at;
    made.type = type;
    made.request_id = request_id;
    for (at = 0; at < GD__MOST_FIELDS; at++) {
        made.fields[at] = gd_none();
    }
    return made;
}

/* Messages from their fields; gd_none() stands for one that is absent. */
static inline gd_message gd_make_request(uint64_t request_id, gd_value app_path, gd_value action, gd_value args, gd_value kwargs, gd_value timeout, gd_value priority, gd_value trace, gd_value extensions) {
    gd_message made = gd__made(GD_MESSAGE_REQUEST, request_id);
    made.request.app_path = app_path;
    made.request.action = action;
    made.request.args = args;
    made.request.kwargs = kwargs;
    made.request.timeout = timeout;
    made.request.priority = priority;
    made.request.trace = trace;
    made.request.extensions = extensions;
    return made;
}

static inline gd_message gd_make_response(uint64_t request_id, gd_value result) {
    gd_message made = gd__made(GD_MESSAGE_RESPONSE, request_id);
    made.response.result = result;
    return made;
}

static inline gd_message gd_make_error(uint64_t request_id, gd_value error_type, gd_value message, gd_value details) {
    gd_message made = gd__made(GD_MESSAGE_ERROR, request_id);
    made.error.error_type = error_type;
    made.error.message = message;
    made.error.details = details;
    return made;
}

static inline gd_message gd_make_chunk(uint64_t request_id, gd_value data) {
    gd_message made = gd__made(GD_MESSAGE_CHUNK, request_id);
    made.chunk.data = data;
    return made;
}

static inline gd_message gd_make_end(uint64_t request_id) {
    gd_message made = gd__made(GD_MESSAGE_END, request_id);
    return made;
}

static inline gd_message gd_make_stash(uint64_t request_id, gd_value op, gd_value table, gd_value key, gd_value value, gd_value pattern, gd_value ttl, gd_value initial, gd_value version, gd_value count, gd_value after, gd_value wait) {
    gd_message made = gd__made(GD_MESSAGE_STASH, request_id);
    made.stash.op = op;
    made.stash.table = table;
    made.stash.key = key;
    made.stash.value = value;
    made.stash.pattern = pattern;
    made.stash.ttl = ttl;
    made.stash.initial = initial;
    made.stash.version = version;
    made.stash.count = count;
    made.stash.after = after;
    made.stash.wait = wait;
    return made;
}

static inline gd_message gd_make_status(uint64_t request_id) {
    gd_message made = gd__made(GD_MESSAGE_STATUS, request_id);
    return made;
}

static inline gd_message gd_make_manage(uint64_t request_id, gd_value op, gd_value count, gd_value slot, gd_value call) {
    gd_message made = gd__made(GD_MESSAGE_MANAGE, request_id);
    made.manage.op = op;
    made.manage.count = count;
    made.manage.slot = slot;
    made.manage.call = call;
    return made;
}

static inline gd_message gd_make_cancel(uint64_t request_id) {
    gd_message made = gd__made(GD_MESSAGE_CANCEL, request_id);
    return made;
}

static inline gd_message gd_make_pause(uint64_t request_id) {
    gd_message made = gd__made(GD_MESSAGE_PAUSE, request_id);
    return made;
}

static inline gd_message gd_make_resume(uint64_t request_id) {
    gd_message made = gd__made(GD_MESSAGE_RESUME, request_id);
    return made;
}

/* What a field may be. */
typedef struct gd__field {
    const char *name;
    uint32_t name_size;
    uint32_t slot; /* which of the message's fields it is, or the first one inside of it */
    const char *key; /* as it stands in a dict */
    uint32_t key_size;
    uint32_t kinds; /* a bit for each; none for all */
    bool is_required;
    bool is_default_left_out;
    bool is_finite;
    bool is_scalar;
    bool is_bound;
    int64_t minimum;
    int64_t maximum;
    const int64_t *choices;
    uint32_t choice_count;
    const struct gd__field *(*fields)(void); /* of the dict that it is */
    uint32_t field_count;
    uint32_t default_number;
} gd__field;

static inline const gd__field *gd__request_fields(void) {
    static const gd__field fields[8] = {
        {"app_path", 8, 0, "\021\000\000\000\010\141\160\160\137\160\141\164\150", 13, 1u << GD_KIND_STRING, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"action", 6, 1, "\021\000\000\000\006\141\143\164\151\157\156", 11, 1u << GD_KIND_STRING, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"timeout", 7, 2, "\021\000\000\000\007\164\151\155\145\157\165\164", 12, 1u << GD_KIND_FLOAT | 1u << GD_KIND_INTEGER, false, false, true, false, true, INT64_C(0), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"priority", 8, 3, "\021\000\000\000\010\160\162\151\157\162\151\164\171", 13, 1u << GD_KIND_INTEGER, false, true, false, false, true, INT64_C(-10), INT64_C(10), NULL, 0, NULL, 0, 259},
        {"trace", 5, 4, "\021\000\000\000\005\164\162\141\143\145", 10, 1u << GD_KIND_DICT, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"extensions", 10, 5, "\021\000\000\000\012\145\170\164\145\156\163\151\157\156\163", 15, 1u << GD_KIND_LIST, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"args", 4, 6, "\021\000\000\000\004\141\162\147\163", 9, 1u << GD_KIND_LIST, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 262},
        {"kwargs", 6, 7, "\021\000\000\000\006\153\167\141\162\147\163", 11, 1u << GD_KIND_DICT, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 263},
    };
    return fields;
}

static inline const gd__field *gd__response_fields(void) {
    static const gd__field fields[1] = {
        {"result", 6, 0, "\021\000\000\000\006\162\145\163\165\154\164", 11, 0u, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
    };
    return fields;
}

static inline const gd__field *gd__error_error_fields(void) {
    static const gd__field fields[3] = {
        {"error_type", 10, 0, "\021\000\000\000\012\145\162\162\157\162\137\164\171\160\145", 15, 1u << GD_KIND_STRING, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"message", 7, 1, "\021\000\000\000\007\155\145\163\163\141\147\145", 12, 1u << GD_KIND_STRING, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"details", 7, 2, "\021\000\000\000\007\144\145\164\141\151\154\163", 12, 1u << GD_KIND_DICT, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 770},
    };
    return fields;
}

static inline const gd__field *gd__error_fields(void) {
    static const gd__field fields[1] = {
        {"error", 5, 0, "\021\000\000\000\005\145\162\162\157\162", 10, 1u << GD_KIND_DICT, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, gd__error_error_fields, 3, 0},
    };
    return fields;
}

static inline const gd__field *gd__chunk_fields(void) {
    static const gd__field fields[1] = {
        {"data", 4, 0, "\021\000\000\000\004\144\141\164\141", 9, 0u, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
    };
    return fields;
}

static inline const gd__field *gd__stash_fields(void) {
    static const int64_t op[] = {INT64_C(1), INT64_C(2), INT64_C(3), INT64_C(4), INT64_C(5), INT64_C(6), INT64_C(7), INT64_C(8), INT64_C(9), INT64_C(10), INT64_C(11), INT64_C(12), INT64_C(13), INT64_C(14), INT64_C(15), INT64_C(16), INT64_C(17), INT64_C(18), INT64_C(19), INT64_C(20), INT64_C(21), INT64_C(22), INT64_C(23), INT64_C(24), INT64_C(25), INT64_C(26)};
    static const gd__field fields[11] = {
        {"op", 2, 0, "\021\000\000\000\002\157\160", 7, 1u << GD_KIND_INTEGER, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), op, 26, NULL, 0, 0},
        {"table", 5, 1, "\021\000\000\000\005\164\141\142\154\145", 10, 1u << GD_KIND_STRING, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"key", 3, 2, "\021\000\000\000\003\153\145\171", 8, 0u, false, false, false, true, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"value", 5, 3, "\021\000\000\000\005\166\141\154\165\145", 10, 0u, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"pattern", 7, 4, "\021\000\000\000\007\160\141\164\164\145\162\156", 12, 1u << GD_KIND_STRING, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"ttl", 3, 5, "\021\000\000\000\003\164\164\154", 8, 1u << GD_KIND_FLOAT | 1u << GD_KIND_INTEGER, false, false, true, false, true, INT64_C(0), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"initial", 7, 6, "\021\000\000\000\007\151\156\151\164\151\141\154", 12, 1u << GD_KIND_FLOAT | 1u << GD_KIND_INTEGER, false, false, true, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"version", 7, 7, "\021\000\000\000\007\166\145\162\163\151\157\156", 12, 1u << GD_KIND_INTEGER, false, false, false, false, true, INT64_C(0), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"count", 5, 8, "\021\000\000\000\005\143\157\165\156\164", 10, 1u << GD_KIND_INTEGER, false, false, false, false, true, INT64_C(1), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"after", 5, 9, "\021\000\000\000\005\141\146\164\145\162", 10, 0u, false, false, false, true, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"wait", 4, 10, "\021\000\000\000\004\167\141\151\164", 9, 1u << GD_KIND_FLOAT | 1u << GD_KIND_INTEGER, false, false, true, false, true, INT64_C(0), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
    };
    return fields;
}

static inline const gd__field *gd__manage_fields(void) {
    static const int64_t op[] = {INT64_C(1), INT64_C(2), INT64_C(3), INT64_C(4), INT64_C(5), INT64_C(6), INT64_C(7), INT64_C(8)};
    static const gd__field fields[4] = {
        {"op", 2, 0, "\021\000\000\000\002\157\160", 7, 1u << GD_KIND_INTEGER, true, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), op, 8, NULL, 0, 0},
        {"count", 5, 1, "\021\000\000\000\005\143\157\165\156\164", 10, 1u << GD_KIND_INTEGER, false, false, false, false, false, INT64_MIN, INT64_C(9223372036854775807), NULL, 0, NULL, 0, 4609},
        {"slot", 4, 2, "\021\000\000\000\004\163\154\157\164", 9, 1u << GD_KIND_INTEGER, false, false, false, false, true, INT64_C(0), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
        {"call", 4, 3, "\021\000\000\000\004\143\141\154\154", 9, 1u << GD_KIND_INTEGER, false, false, false, false, true, INT64_C(1), INT64_C(9223372036854775807), NULL, 0, NULL, 0, 0},
    };
    return fields;
}

/* The names of a message's fields, as they stand in `fields`. */
static inline const char *const *gd_field_names(gd_message_type type, size_t *count) {
    switch (type) {
    case GD_MESSAGE_REQUEST: {
        static const char *const names[] = {"app_path", "action", "timeout", "priority", "trace", "extensions", "args", "kwargs"};
        *count = 8;
        return names;
    }
    case GD_MESSAGE_RESPONSE: {
        static const char *const names[] = {"result"};
        *count = 1;
        return names;
    }
    case GD_MESSAGE_ERROR: {
        static const char *const names[] = {"error_type", "message", "details"};
        *count = 3;
        return names;
    }
    case GD_MESSAGE_CHUNK: {
        static const char *const names[] = {"data"};
        *count = 1;
        return names;
    }
    case GD_MESSAGE_STASH: {
        static const char *const names[] = {"op", "table", "key", "value", "pattern", "ttl", "initial", "version", "count", "after", "wait"};
        *count = 11;
        return names;
    }
    case GD_MESSAGE_MANAGE: {
        static const char *const names[] = {"op", "count", "slot", "call"};
        *count = 4;
        return names;
    }
    default:
        *count = 0;
        return NULL;
    }
}

/* The rows of a message's fields. */
static inline const gd__field *gd__fields_of(gd_message_type type, size_t *count) {
    switch (type) {
    case GD_MESSAGE_REQUEST:
        *count = 8;
        return gd__request_fields();
    case GD_MESSAGE_RESPONSE:
        *count = 1;
        return gd__response_fields();
    case GD_MESSAGE_ERROR:
        *count = 1;
        return gd__error_fields();
    case GD_MESSAGE_CHUNK:
        *count = 1;
        return gd__chunk_fields();
    case GD_MESSAGE_STASH:
        *count = 11;
        return gd__stash_fields();
    case GD_MESSAGE_MANAGE:
        *count = 4;
        return gd__manage_fields();
    default:
        *count = 0;
        return NULL;
    }
}

/* What an absent field stands for. */
static inline gd_value gd__default(uint32_t number) {
    switch (number) {
    case 259: /* priority of REQUEST */
        return gd_integer(INT64_C(0));
    case 262: /* args of REQUEST */
        return gd_list(NULL, 0);
    case 263: /* kwargs of REQUEST */
        return gd_dict(NULL, 0);
    case 770: /* details of ERROR */
        return gd_dict(NULL, 0);
    case 4609: /* count of MANAGE */
        return gd_integer(INT64_C(1));
    default:
        return gd_none();
    }
}

/* A field, and the dicts around it from the inside out. */
typedef struct gd__trail {
    const gd__field *field;
    const struct gd__trail *around;
} gd__trail;

static inline void gd__path_field(gd__path *path, const gd__trail *trail) {
    if (trail != NULL) {
        gd__path_field(path, trail->around);
        gd__path_key(path, trail->field->name, trail->field->name_size);
    }
}

static inline gd_code gd__field_fault(gd_fault *fault, gd_code code, const gd__trail *trail) {
    gd__path path;
    gd__fault(fault, code, GD_SCOPE_EXCHANGE);
    path = gd__path_of(fault);
    gd__path_field(&path, trail);
    gd__path_end(&path);
    return code;
}

static inline bool gd__is_chosen(const gd__field *field, const gd_value *value) {
    uint32_t at;
    for (at = 0; at < field->choice_count; at++) {
        if (value->kind == GD_KIND_INTEGER && value->integer == field->choices[at]) {
            return true;
        }
    }
    return field->choice_count == 0;
}

static inline bool gd__is_within(const gd__field *field, const gd_value *value) {
    switch (value->kind) {
    case GD_KIND_INTEGER:
        return value->integer >= field->minimum && value->integer <= field->maximum;
    case GD_KIND_LARGE:
        return field->maximum == INT64_MAX;
    case GD_KIND_FLOAT:
        if (field->minimum != INT64_MIN && value->number < (double)field->minimum) {
            return false;
        }
        return field->maximum == INT64_MAX || !(value->number > (double)field->maximum);
    default:
        return true;
    }
}

/* Judge the value of a field. */
static inline gd_code gd__judge(const gd__field *field, const gd_value *value) {
    gd_kind kind = value->kind == GD_KIND_LARGE ? GD_KIND_INTEGER : value->kind;
    if (field->kinds != 0 && ((field->kinds >> kind) & 1u) == 0) {
        return GD_CODE_WRONG_FIELD_TYPE;
    }
    if (field->is_finite && value->kind == GD_KIND_FLOAT && !isfinite(value->number)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    if (field->is_scalar && (kind == GD_KIND_LIST || kind == GD_KIND_DICT)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    if ((field->is_bound && !gd__is_within(field, value)) || !gd__is_chosen(field, value)) {
        return GD_CODE_INVALID_FIELD_VALUE;
    }
    return GD_CODE_OK;
}

/* --- messages from frames --- */

/* A place in a payload that has been read: where the value of these fields begins. */
static inline size_t gd__offset_of(const uint8_t *bytes, size_t at, const gd__trail *trail) {
    if (trail == NULL) {
        return at;
    }
    at = gd__offset_of(bytes, at, trail->around) + 5;
    while (memcmp(bytes + at, trail->field->key, trail->field->key_size) != 0) {
        at = gd__after(bytes, gd__after(bytes, at));
    }
    return at + trail->field->key_size;
}

static inline const gd_value *gd__find(const gd_value *dict, const gd__field *field,
    uint32_t hint) {
    uint32_t at;
    for (at = 0; at < dict->size; at++) {
        uint32_t place = hint + at < dict->size ? hint + at : hint + at - dict->size;
        const gd_pair *pair = &dict->pairs[place];
        if (pair->key.size == field->name_size &&
            memcmp(pair->key.text, field->name, field->name_size) == 0) {
            return &pair->value;
        }
    }
    return NULL;
}

/* Take the fields out of a dict. `bytes` is what they were read from, and the payload begins at
 * GD_HEADER_BYTES. */
static inline gd_code gd__pick(const gd__field *fields, size_t count, const gd_value *dict,
    const gd__trail *around, const uint8_t *bytes, gd_message *message, gd_fault *fault) {
    uint32_t at;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        const gd_value *value = gd__find(dict, field, at < dict->size ? at : 0);
        gd__trail here;
        gd_code refusal;
        here.field = field;
        here.around = around;
        if (value == NULL && field->is_required) {
            gd__field_fault(fault, GD_CODE_MISSING_FIELD, &here);
            fault->has_offset = true;
            fault->offset = gd__offset_of(bytes, GD_HEADER_BYTES, around);
            return fault->code;
        }
        if (!field->is_required && (value == NULL || value->kind == GD_KIND_NONE)) {
            message->fields[field->slot] = gd__default(field->default_number);
            continue;
        }
        refusal = gd__judge(field, value);
        if (refusal != GD_CODE_OK) {
            gd__field_fault(fault, refusal, &here);
            fault->has_offset = true;
            fault->offset = gd__offset_of(bytes, GD_HEADER_BYTES, &here);
            return refusal;
        }
        if (field->fields == NULL) {
            message->fields[field->slot] = *value;
            continue;
        }
        refusal = gd__pick(field->fields(), field->field_count, value, &here, bytes, message,
            fault);
        if (refusal != GD_CODE_OK) {
            return refusal;
        }
    }
    return GD_CODE_OK;
}

/* The message of a header that was judged, and of the whole frame. */
static inline gd_code gd__message_read(const gd_header *header, const uint8_t *frame,
    gd_arena *arena, gd_message *message, gd_fault *fault) {
    const gd__field *fields;
    size_t count;
    gd_value payload;
    gd_code refusal;
    *message = gd__made(header->type, header->request_id);
    if (!gd_has_payload(header->type)) {
        return GD_CODE_OK;
    }
    refusal = gd__decode(frame, GD_HEADER_BYTES, GD_HEADER_BYTES + (size_t)header->length, arena,
        &payload, fault);
    if (refusal == GD_CODE_OK && payload.kind != GD_KIND_DICT) {
        refusal = gd__fault_at(fault, GD_CODE_PAYLOAD_NOT_DICT, GD_SCOPE_EXCHANGE, GD_HEADER_BYTES);
    }
    if (refusal == GD_CODE_OK) {
        fields = gd__fields_of(header->type, &count);
        refusal = gd__pick(fields, count, &payload, NULL, frame, message, fault);
    }
    if (refusal != GD_CODE_OK) {
        fault->request_id = header->request_id;
    }
    return refusal;
}

/* Read the message of one whole frame. It borrows from the bytes, and from the arena. */
static inline gd_code gd_parse(const uint8_t *bytes, size_t size, gd_arena *arena,
    gd_message *message, gd_fault *fault) {
    gd_header header;
    if (size < GD_HEADER_BYTES) {
        return gd__fault_at(fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, size);
    }
    if (gd_header_read(bytes, &header, fault) != GD_CODE_OK ||
        gd_header_check_presence(&header, fault) != GD_CODE_OK) {
        return fault->code;
    }
    if (size - GD_HEADER_BYTES < header.length) {
        gd__fault_at(fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, size);
        fault->request_id = header.request_id;
        return fault->code;
    }
    if (size - GD_HEADER_BYTES > header.length) {
        gd__fault_at(fault, GD_CODE_TRAILING_DATA, GD_SCOPE_EXCHANGE,
            GD_HEADER_BYTES + (size_t)header.length);
        fault->request_id = header.request_id;
        return fault->code;
    }
    return gd__message_read(&header, bytes, arena, message, fault);
}

/* --- messages to frames --- */

static inline bool gd__is_default(const gd_value *value, uint32_t number) {
    gd_value held = gd__default(number);
    return value->kind == held.kind && value->kind == GD_KIND_INTEGER &&
        value->integer == held.integer;
}

/* What is written of a field: its value, or its default one; false for nothing. */
static inline bool gd__shown_value(const gd__field *field, const gd_message *message,
    gd_value *value) {
    *value = message->fields[field->slot];
    if (field->is_required) {
        return true;
    }
    if (value->kind == GD_KIND_NONE) {
        *value = gd__default(field->default_number);
    }
    return value->kind != GD_KIND_NONE &&
        !(field->is_default_left_out && gd__is_default(value, field->default_number));
}

/* Judge all fields in the order of the table. */
static inline gd_code gd__judge_all(const gd__field *fields, size_t count,
    const gd_message *message, const gd__trail *around, gd_fault *fault) {
    size_t at;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        gd_value value;
        gd__trail here;
        gd_code refusal = GD_CODE_OK;
        here.field = field;
        here.around = around;
        if (field->fields != NULL) {
            refusal = gd__judge_all(field->fields(), field->field_count, message, &here, fault);
            if (refusal != GD_CODE_OK) {
                return refusal;
            }
        } else if (gd__shown_value(field, message, &value)) {
            refusal = gd__judge(field, &value);
        }
        if (refusal != GD_CODE_OK) {
            return gd__field_fault(fault, refusal, &here);
        }
    }
    return GD_CODE_OK;
}

/* Write one dict of fields, which other dicts of the message are around. */
static inline gd_code gd__write_fields(const gd__field *fields, size_t count,
    const gd_message *message, const gd__trail *around, gd__writer *writer, gd_fault *fault) {
    static const uint8_t head[5] = {0x21, 0x00, 0x00, 0x00, 0x00};
    gd_buffer *out = writer->out;
    size_t at, counted = out->size - writer->start + 1;
    uint8_t written = 0;
    if (!gd_buffer_append(out, head, sizeof head)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    writer->outer++;
    for (at = 0; at < count; at++) {
        const gd__field *field = &fields[at];
        gd_value value = gd_none();
        gd__trail here;
        gd_code refusal;
        here.field = field;
        here.around = around;
        if (field->fields == NULL && !gd__shown_value(field, message, &value)) {
            continue;
        }
        written++;
        if (!gd_buffer_append(out, field->key, field->key_size)) {
            return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
        }
        if (field->fields != NULL) {
            refusal = gd__write_fields(field->fields(), field->field_count, message, &here, writer,
                fault);
        } else {
            refusal = gd__write(writer, &value);
            if (refusal != GD_CODE_OK) {
                gd__path path = gd__path_of(fault);
                gd__fault(fault, refusal, GD_SCOPE_EXCHANGE);
                gd__path_field(&path, &here);
                refusal = gd__decline(writer, &path, fault);
            }
        }
        if (refusal != GD_CODE_OK) {
            return refusal;
        }
    }
    writer->outer--;
    /* What has become too large was written over; nobody reads it. */
    if (!writer->is_over) {
        gd__put32(out->bytes + writer->start + counted, written);
    }
    return GD_CODE_OK;
}

static inline gd_code gd__write_payload(const gd_message *message, gd_buffer *out,
    gd_fault *fault) {
    size_t count;
    const gd__field *fields = gd__fields_of(message->type, &count);
    gd__writer writer;
    gd_code refusal = gd__judge_all(fields, count, message, NULL, fault);
    if (refusal != GD_CODE_OK) {
        return refusal;
    }
    gd__writer_begin(&writer, out, GD_MAX_PAYLOAD_BYTES, 0);
    refusal = gd__write_fields(fields, count, message, NULL, &writer, fault);
    if (refusal == GD_CODE_OK && gd__is_over(&writer)) {
        refusal = gd__fault(fault, GD_CODE_PAYLOAD_TOO_LARGE, GD_SCOPE_EXCHANGE);
    }
    return refusal;
}

/* Write a message's frame behind the bytes that the buffer has. What is refused leaves them as they
 * were. */
static inline gd_code gd_serialize(const gd_message *message, gd_buffer *out, gd_fault *fault) {
    static const uint8_t empty[GD_HEADER_BYTES] = {0};
    size_t start = out->size;
    gd_header header;
    gd_code refusal = GD_CODE_OK;
    if (!gd_buffer_append(out, empty, sizeof empty)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    if (gd_has_payload(message->type)) {
        refusal = gd__write_payload(message, out, fault);
    }
    if (refusal != GD_CODE_OK) {
        out->size = start;
        fault->request_id = message->request_id;
        return refusal;
    }
    header.type = message->type;
    header.length = (uint32_t)(out->size - start - GD_HEADER_BYTES);
    header.request_id = message->request_id;
    gd_header_write(&header, out->bytes + start);
    return GD_CODE_OK;
}

/* --- exchanges --- */

/* What an exchange is at; one that is not open is idle. */
typedef enum gd_state {
    GD_STATE_IDLE, /* no exchange with this id is open */
    GD_STATE_CALLING, /* REQUEST sent, no answer yet */
    GD_STATE_STREAMING, /* CHUNK received, more may follow */
    GD_STATE_ASKING, /* STASH, STATUS or MANAGE sent, no answer yet */
    GD_STATE_ABANDONED, /* given up by the opener, its terminal frame still to come */
} gd_state;

/* The two ends of an exchange. */
typedef enum gd_side {
    GD_SIDE_OPENER,
    GD_SIDE_ANSWERER
} gd_side;

/* One end of a connection. */
typedef enum gd_role {
    GD_ROLE_CLIENT, /* calls apps through an arbiter */
    GD_ROLE_ARBITER, /* serves clients */
    GD_ROLE_LANE, /* the arbiter's end of a stream to a worker */
    GD_ROLE_WORKER, /* runs the apps */
} gd_role;

/* What a role is: a bit for the place of each message that may open an exchange, and how many may
 * be open at once, 0 for any number. */
typedef struct gd_role_rule {
    gd_side side;
    uint32_t opens;
    uint32_t max_open;
} gd_role_rule;

static inline const gd_role_rule *gd_role_rule_of(gd_role role) {
    static const gd_role_rule rules[4] = {
        {GD_SIDE_OPENER, 0xe1u, 0}, /* client */
        {GD_SIDE_ANSWERER, 0xe1u, 0}, /* arbiter */
        {GD_SIDE_OPENER, 0x41u, 1}, /* lane */
        {GD_SIDE_ANSWERER, 0x41u, 1}, /* worker */
    };
    return &rules[role];
}

/* The number of the role of that name; -1 for none. */
static inline int gd_role_named(const char *name) {
    if (strcmp(name, "client") == 0) {
        return 0;
    }
    if (strcmp(name, "arbiter") == 0) {
        return 1;
    }
    if (strcmp(name, "lane") == 0) {
        return 2;
    }
    if (strcmp(name, "worker") == 0) {
        return 3;
    }
    return -1;
}

/* What becomes of a frame. */
typedef enum gd_outcome {
    GD_OUTCOME_DELIVER,
    GD_OUTCOME_DISCARD,
    GD_OUTCOME_REFUSE
} gd_outcome;

/* What a message does in a state. */
typedef struct gd_move {
    gd_state next;
    gd_outcome outcome;
    gd_scope scope; /* of a refusal */
    gd_code code;
} gd_move;

/* The row for a message, by the state of its exchange and by who sends it. */
static inline const gd_move *gd_move_of(gd_state state, gd_side sender, gd_message_type type) {
    static const gd_move table[5][2][11] = {
        {
            {
                {GD_STATE_CALLING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, opener: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, opener: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, opener: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, opener: END */
                {GD_STATE_ASKING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: STASH */
                {GD_STATE_ASKING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: STATUS */
                {GD_STATE_ASKING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: MANAGE */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: CANCEL */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: PAUSE */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* idle, opener: RESUME */
            },
            {
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: END */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: STASH */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: STATUS */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: MANAGE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: CANCEL */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: PAUSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* idle, answerer: RESUME */
            },
        },
        {
            {
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* calling, opener: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, opener: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, opener: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, opener: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, opener: END */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* calling, opener: STASH */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* calling, opener: STATUS */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* calling, opener: MANAGE */
                {GD_STATE_ABANDONED, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, opener: CANCEL */
                {GD_STATE_CALLING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, opener: PAUSE */
                {GD_STATE_CALLING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, opener: RESUME */
            },
            {
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, answerer: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, answerer: ERROR */
                {GD_STATE_STREAMING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, answerer: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* calling, answerer: END */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: STASH */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: STATUS */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: MANAGE */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: CANCEL */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: PAUSE */
                {GD_STATE_CALLING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* calling, answerer: RESUME */
            },
        },
        {
            {
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* streaming, opener: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, opener: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, opener: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, opener: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, opener: END */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* streaming, opener: STASH */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* streaming, opener: STATUS */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* streaming, opener: MANAGE */
                {GD_STATE_ABANDONED, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, opener: CANCEL */
                {GD_STATE_STREAMING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, opener: PAUSE */
                {GD_STATE_STREAMING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, opener: RESUME */
            },
            {
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, answerer: ERROR */
                {GD_STATE_STREAMING, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, answerer: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* streaming, answerer: END */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: STASH */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: STATUS */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: MANAGE */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: CANCEL */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: PAUSE */
                {GD_STATE_STREAMING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* streaming, answerer: RESUME */
            },
        },
        {
            {
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* asking, opener: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, opener: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, opener: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, opener: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, opener: END */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* asking, opener: STASH */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* asking, opener: STATUS */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* asking, opener: MANAGE */
                {GD_STATE_ABANDONED, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* asking, opener: CANCEL */
                {GD_STATE_ASKING, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* asking, opener: PAUSE */
                {GD_STATE_ASKING, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* asking, opener: RESUME */
            },
            {
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* asking, answerer: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* asking, answerer: ERROR */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: END */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: STASH */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: STATUS */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: MANAGE */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: CANCEL */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: PAUSE */
                {GD_STATE_ASKING, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* asking, answerer: RESUME */
            },
        },
        {
            {
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* abandoned, opener: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, opener: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, opener: ERROR */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, opener: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, opener: END */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* abandoned, opener: STASH */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* abandoned, opener: STATUS */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_DUPLICATE_REQUEST_ID}, /* abandoned, opener: MANAGE */
                {GD_STATE_ABANDONED, GD_OUTCOME_DELIVER, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, opener: CANCEL */
                {GD_STATE_ABANDONED, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, opener: PAUSE */
                {GD_STATE_ABANDONED, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, opener: RESUME */
            },
            {
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: REQUEST */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, answerer: RESPONSE */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, answerer: ERROR */
                {GD_STATE_ABANDONED, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, answerer: CHUNK */
                {GD_STATE_IDLE, GD_OUTCOME_DISCARD, GD_SCOPE_NONE, GD_CODE_OK}, /* abandoned, answerer: END */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: STASH */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: STATUS */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: MANAGE */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: CANCEL */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: PAUSE */
                {GD_STATE_ABANDONED, GD_OUTCOME_REFUSE, GD_SCOPE_CONNECTION, GD_CODE_UNEXPECTED_MESSAGE}, /* abandoned, answerer: RESUME */
            },
        },
    };
    return &table[state][sender][gd__message_index(type)];
}

/* What becomes of a frame that would open an exchange which the role does not permit. */
static inline const gd_move *gd__not_opened(void) {
    static const gd_move move = {GD_STATE_IDLE, GD_OUTCOME_REFUSE, GD_SCOPE_EXCHANGE, GD_CODE_UNEXPECTED_MESSAGE};
    return &move;
}

/* The state after a payload that cannot be read, by its sender and whether the frame was the last
 * one. */
static inline gd_state gd__after_fault(gd_side sender, bool ends) {
    static const gd_state states[2][2] = {
        {GD_STATE_IDLE, GD_STATE_IDLE},
        {GD_STATE_ABANDONED, GD_STATE_IDLE},
    };
    return states[sender][ends];
}

/* --- connection --- */

/* What came of received bytes. */
typedef enum gd_event_kind {
    GD_EVENT_NONE, /* more bytes are needed, or nothing more can come */
    GD_EVENT_MESSAGE, /* `message`, and whether its exchange has `ended` with it */
    GD_EVENT_ENDED, /* the exchange `request_id`, which was given up, is over */
    GD_EVENT_CLOSED, /* the stream has ended between frames */
    GD_EVENT_FAULT /* `fault`; of scope connection it is the last event */
} gd_event_kind;

typedef struct gd_event {
    gd_event_kind kind;
    bool ended;
    uint64_t request_id;
    gd_message message;
    gd_fault fault;
} gd_event;

/* An open exchange; a state of idle marks a place that is free. */
typedef struct gd__exchange {
    uint64_t request_id;
    gd_state state;
} gd__exchange;

/* One end of a connection, without I/O: bytes in, events out; messages in, bytes out. */
typedef struct gd_connection {
    gd_role role;
    gd_allocator allocator;
    gd_buffer in;
    size_t start; /* of what has not been looked at, in `in` */
    gd_arena arena;
    gd_header skipped;
    size_t skip; /* bytes that are still to be dropped of the frame that `skipped` heads */
    bool has_ended; /* no bytes come any more */
    bool is_over; /* no events come any more */
    gd__exchange *exchanges; /* by their ids, in a table of a power of two */
    size_t places;
    size_t open; /* exchanges whose last frame is still to come, given up or not */
    size_t max_open; /* how many may be open at once; 0 for any number */
} gd_connection;

/* A connection, seen from one end. */
static inline void gd_connection_init(gd_connection *connection, gd_role role,
    gd_allocator allocator) {
    memset(connection, 0, sizeof *connection);
    connection->role = role;
    connection->max_open = gd_role_rule_of(role)->max_open;
    connection->allocator = allocator;
    connection->in = gd_buffer_new(allocator);
    connection->arena = gd_arena_new(allocator);
}

/* Give back all memory. */
static inline void gd_connection_free(gd_connection *connection) {
    gd_buffer_free(&connection->in);
    gd_arena_free(&connection->arena);
    gd__give_back(&connection->allocator, connection->exchanges,
        connection->places * sizeof(gd__exchange));
    connection->exchanges = NULL;
    connection->places = connection->open = 0;
}

static inline size_t gd__place_of(const gd_connection *connection, uint64_t request_id) {
    uint64_t mixed = (request_id ^ (request_id >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(mixed >> 32) & (connection->places - 1);
    while (connection->exchanges[at].state != GD_STATE_IDLE &&
        connection->exchanges[at].request_id != request_id) {
        at = (at + 1) & (connection->places - 1);
    }
    return at;
}

/* What an exchange is at. */
static inline gd_state gd_connection_state(const gd_connection *connection, uint64_t request_id) {
    if (connection->places == 0) {
        return GD_STATE_IDLE;
    }
    return connection->exchanges[gd__place_of(connection, request_id)].state;
}

/* Have a place for one exchange more; false where there is no memory. */
static inline bool gd__exchanges_grow(gd_connection *connection) {
    gd__exchange *before = connection->exchanges, *taken;
    size_t at, places = connection->places, grown = places == 0 ? 8 : 2 * places;
    if (2 * (connection->open + 1) <= places) {
        return true;
    }
    taken = (gd__exchange *)gd__take(&connection->allocator, grown * sizeof(gd__exchange));
    if (taken == NULL) {
        return false;
    }
    for (at = 0; at < grown; at++) {
        taken[at].request_id = 0;
        taken[at].state = GD_STATE_IDLE;
    }
    connection->exchanges = taken;
    connection->places = grown;
    for (at = 0; at < places; at++) {
        if (before[at].state != GD_STATE_IDLE) {
            taken[gd__place_of(connection, before[at].request_id)] = before[at];
        }
    }
    gd__give_back(&connection->allocator, before, places * sizeof(gd__exchange));
    return true;
}

/* Free a place, and move those behind it up that would not be found any more. */
static inline void gd__exchange_drop(gd_connection *connection, size_t at) {
    gd__exchange moved;
    connection->exchanges[at].state = GD_STATE_IDLE;
    connection->open--;
    for (;;) {
        at = (at + 1) & (connection->places - 1);
        moved = connection->exchanges[at];
        if (moved.state == GD_STATE_IDLE) {
            return;
        }
        connection->exchanges[at].state = GD_STATE_IDLE;
        connection->exchanges[gd__place_of(connection, moved.request_id)] = moved;
    }
}

/* Have an exchange enter a state; there is a place for it. */
static inline void gd__enter(gd_connection *connection, uint64_t request_id, gd_state state) {
    size_t at;
    if (connection->places == 0) {
        return;
    }
    at = gd__place_of(connection, request_id);
    if (connection->exchanges[at].state != GD_STATE_IDLE) {
        if (state == GD_STATE_IDLE) {
            gd__exchange_drop(connection, at);
            return;
        }
    } else if (state == GD_STATE_IDLE) {
        return;
    } else {
        connection->open++;
    }
    connection->exchanges[at].request_id = request_id;
    connection->exchanges[at].state = state;
}

/* The row for a frame, with what the role permits. */
static inline const gd_move *gd__move(const gd_connection *connection, gd_side sender,
    gd_message_type type, uint64_t request_id) {
    const gd_role_rule *role = gd_role_rule_of(connection->role);
    gd_state state = gd_connection_state(connection, request_id);
    const gd_move *move = gd_move_of(state, sender, type);
    if (state == GD_STATE_IDLE && move->next != GD_STATE_IDLE) {
        bool is_full = connection->max_open > 0 && connection->open >= connection->max_open;
        if (is_full || ((role->opens >> gd__message_index(type)) & 1u) == 0) {
            return gd__not_opened();
        }
    }
    return move;
}

/* Write a message, which becomes part of its exchange, behind the bytes that the buffer has. What
 * is refused leaves them and the connection as they were. */
static inline gd_code gd_connection_send(gd_connection *connection, const gd_message *message,
    gd_buffer *out, gd_fault *fault) {
    gd_side side = gd_role_rule_of(connection->role)->side;
    const gd_move *move = gd__move(connection, side, message->type, message->request_id);
    if (move->code != GD_CODE_OK) {
        gd__fault(fault, move->code, move->scope);
        fault->request_id = message->request_id;
        return move->code;
    }
    if (!gd__exchanges_grow(connection)) {
        return gd__fault(fault, GD_CODE_NO_MEMORY, GD_SCOPE_EXCHANGE);
    }
    if (gd_serialize(message, out, fault) != GD_CODE_OK) {
        return fault->code;
    }
    gd__enter(connection, message->request_id, move->next);
    return GD_CODE_OK;
}

/* Have up to so many exchanges open at once, where the worker's STATUS told so many. */
static inline void gd_connection_permit(gd_connection *connection, size_t count) {
    size_t least = gd_role_rule_of(connection->role)->max_open;
    connection->max_open = least == 0 || least > count ? least : count;
}

/* Give up an exchange that this side opened: its frames are discarded until the last one. */
static inline void gd_connection_abandon(gd_connection *connection, uint64_t request_id) {
    if (gd_connection_state(connection, request_id) != GD_STATE_IDLE) {
        gd__enter(connection, request_id, GD_STATE_ABANDONED);
    }
}

/* Where the next bytes may be put, at least `least` of them; NULL where there is no memory. */
static inline uint8_t *gd_connection_room(gd_connection *connection, size_t least) {
    gd_buffer *in = &connection->in;
    if (connection->start > 0 && 2 * connection->start >= in->size) {
        memmove(in->bytes, in->bytes + connection->start, in->size - connection->start);
        in->size -= connection->start;
        connection->start = 0;
    }
    return gd_buffer_reserve(in, least > 0 ? least : 1) ? in->bytes + in->size : NULL;
}

/* How many bytes fit there. */
static inline size_t gd_connection_room_size(const gd_connection *connection) {
    return connection->in.capacity - connection->in.size;
}

/* Take so many bytes of the room as received. */
static inline void gd_connection_received(gd_connection *connection, size_t count) {
    connection->in.size += count;
}

/* Take bytes from the transport, in any portions; false where there is no memory. */
static inline bool gd_connection_receive(gd_connection *connection, const uint8_t *bytes,
    size_t size) {
    uint8_t *room = gd_connection_room(connection, size);
    if (room == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(room, bytes, size);
    }
    gd_connection_received(connection, size);
    return true;
}

/* The transport delivers nothing more. */
static inline void gd_connection_end(gd_connection *connection) {
    connection->has_ended = true;
}

/* Drop what has come of a payload that is to be skipped. */
static inline void gd__skip(gd_connection *connection) {
    size_t there = connection->in.size - connection->start;
    size_t dropped = connection->skip < there ? connection->skip : there;
    connection->start += dropped;
    connection->skip -= dropped;
}

static inline gd_event_kind gd__told(gd_connection *connection, gd_event *event) {
    event->kind = GD_EVENT_FAULT;
    event->request_id = event->fault.request_id;
    if (event->fault.scope == GD_SCOPE_CONNECTION) {
        connection->is_over = true;
    }
    return event->kind;
}

static inline gd_event_kind gd__nothing_more(gd_connection *connection, gd_event *event) {
    size_t there = connection->in.size - connection->start;
    uint64_t request_id = 0;
    gd_header header;
    if (!connection->has_ended) {
        return event->kind;
    }
    if (connection->skip > 0) {
        there = GD_HEADER_BYTES + connection->skipped.length - connection->skip;
        request_id = connection->skipped.request_id;
    } else if (there >= GD_HEADER_BYTES) {
        gd_header_read(connection->in.bytes + connection->start, &header, &event->fault);
        request_id = header.request_id;
    }
    if (there > 0) {
        gd__fault_at(&event->fault, GD_CODE_TRUNCATED, GD_SCOPE_CONNECTION, there);
        event->fault.request_id = request_id;
        return gd__told(connection, event);
    }
    connection->is_over = true;
    event->kind = GD_EVENT_CLOSED;
    return event->kind;
}

static inline bool gd__is_notice(const gd_connection *connection, const gd_header *header,
    gd_side sender) {
    return header->request_id == 0 && header->type == GD_MESSAGE_ERROR &&
        sender == GD_SIDE_ANSWERER && gd_connection_state(connection, header->request_id) == GD_STATE_IDLE;
}

static inline gd_side gd__peer_side(const gd_connection *connection) {
    bool is_opener = gd_role_rule_of(connection->role)->side == GD_SIDE_OPENER;
    return is_opener ? GD_SIDE_ANSWERER : GD_SIDE_OPENER;
}

/* Read the message of a frame that is to be delivered. */
static inline gd_event_kind gd__delivered(gd_connection *connection, const gd_header *header,
    const uint8_t *frame, gd_side sender, bool ends, gd_event *event) {
    gd_code refusal = gd__message_read(header, frame, &connection->arena, &event->message,
        &event->fault);
    event->ended = ends;
    if (refusal == GD_CODE_OK) {
        event->kind = GD_EVENT_MESSAGE;
        return event->kind;
    }
    if (gd_connection_state(connection, header->request_id) != GD_STATE_IDLE) {
        gd__enter(connection, header->request_id, gd__after_fault(sender, ends));
    }
    return gd__told(connection, event);
}

/* Take a whole frame through the table. */
static inline gd_event_kind gd__received(gd_connection *connection, const gd_header *header,
    const uint8_t *frame, gd_event *event) {
    gd_side sender = gd__peer_side(connection);
    gd_state state = gd_connection_state(connection, header->request_id);
    const gd_move *move;
    if (gd__is_notice(connection, header, sender)) {
        return gd__delivered(connection, header, frame, sender, false, event);
    }
    move = gd__move(connection, sender, header->type, header->request_id);
    if (move->outcome == GD_OUTCOME_DELIVER) {
        bool ends = move->next == GD_STATE_IDLE;
        gd__delivered(connection, header, frame, sender, ends, event);
        if (event->kind == GD_EVENT_MESSAGE) {
            gd__enter(connection, header->request_id, move->next);
        }
        return event->kind;
    }
    gd__enter(connection, header->request_id, move->next);
    if (move->outcome == GD_OUTCOME_REFUSE) {
        gd__fault(&event->fault, move->code, move->scope);
        event->fault.request_id = header->request_id;
        return gd__told(connection, event);
    }
    if (state != GD_STATE_IDLE && move->next == GD_STATE_IDLE) {
        event->kind = GD_EVENT_ENDED;
    }
    return event->kind;
}

/* The next event. What it holds lives until the next call on this connection. Without memory it is
 * a fault of scope connection. */
static inline gd_event_kind gd_connection_next(gd_connection *connection, gd_event *event) {
    event->kind = GD_EVENT_NONE;
    gd_arena_reset(&connection->arena);
    while (!connection->is_over && event->kind == GD_EVENT_NONE) {
        const uint8_t *frame;
        gd_header header;
        size_t there;
        gd__skip(connection);
        there = connection->in.size - connection->start;
        if (connection->skip > 0 || there < GD_HEADER_BYTES) {
            return gd__nothing_more(connection, event);
        }
        frame = connection->in.bytes + connection->start;
        if (gd_header_read(frame, &header, &event->fault) != GD_CODE_OK) {
            return gd__told(connection, event);
        }
        event->request_id = header.request_id;
        if (gd_header_check_presence(&header, &event->fault) != GD_CODE_OK) {
            gd_side sender = gd__peer_side(connection);
            if (gd_connection_state(connection, header.request_id) != GD_STATE_IDLE) {
                gd__enter(connection, header.request_id, gd__after_fault(sender, true));
            }
            connection->skipped = header;
            connection->skip = GD_HEADER_BYTES + (size_t)header.length;
            return gd__told(connection, event);
        }
        if (there - GD_HEADER_BYTES < header.length) {
            return gd__nothing_more(connection, event);
        }
        if (!gd__exchanges_grow(connection)) {
            gd__fault(&event->fault, GD_CODE_NO_MEMORY, GD_SCOPE_CONNECTION);
            return gd__told(connection, event);
        }
        connection->start += GD_HEADER_BYTES + (size_t)header.length;
        gd__received(connection, &header, frame, event);
    }
    return event->kind;
}

#endif
