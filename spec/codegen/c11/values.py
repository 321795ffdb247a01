"""Section of values: what a program holds, and what both reading and writing ask of them."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..template import fill


def section(spec: ir.Spec) -> str:
    """Values and their constructors; texts and keys. Raises CompileError."""
    for value in spec.values:
        _carried(value)
    return VALUES


def _carried(value: ir.ValueType) -> None:
    where = f"spec.tlv: value type '{value.name}'"
    if isinstance(value.body, ir.Fixed) and value.body.size not in (1, 2, 4, 8):
        raise CompileError(f"{where}: C has no number of {value.body.size} bytes")
    if value.minimum is not None and value.maximum is not None:
        if not -(2**63) <= value.minimum <= value.maximum < 2**64:
            raise CompileError(f"{where}: C has no integers of more than 64 bits")
        if value.minimum < 0 and value.maximum >= 2**63:
            raise CompileError(f"{where}: no integer of C holds {value.minimum} to {value.maximum}")
    match value.body:
        case ir.Blob(length=size) | ir.Container(count=size):
            if size.size not in (1, 2, 4, 8) or size.limit.value >= 2**31:
                raise CompileError(f"{where}: sizes are kept in 31 bits")


VALUES = fill(
    """
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
"""
)
