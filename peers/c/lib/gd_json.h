/* JSON from and to gd_values: objects are dicts, arrays lists, numbers integers or floats.
 *
 * Rules: texts of what is read lie in the arena. Nothing here is fast, or strict beyond need. */
#ifndef GD_JSON_H
#define GD_JSON_H

#include <stdarg.h>

#include "gd.h"

#define JSON_MAX_DEPTH 4000

typedef struct json_reader {
    const char *at;
    const char *end;
    gd_arena *arena;
    int depth;
    bool is_bad;
} json_reader;

static inline gd_value json__value(json_reader *reader);

static inline gd_value json__bad(json_reader *reader) {
    reader->is_bad = true;
    reader->at = reader->end;
    return gd_none();
}

static inline void json__space(json_reader *reader) {
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != 0) {
        reader->at++;
    }
}

/* Step over a sign if it is next. */
static inline bool json__sign(json_reader *reader, char sign) {
    json__space(reader);
    if (reader->at == reader->end || *reader->at != sign) {
        return false;
    }
    reader->at++;
    return true;
}

static inline unsigned json__unit(json_reader *reader) {
    char digits[5] = {0};
    if (reader->end - reader->at < 4) {
        json__bad(reader);
        return 0;
    }
    memcpy(digits, reader->at, 4);
    reader->at += 4;
    return (unsigned)strtoul(digits, NULL, 16);
}

/* Write a code point as UTF-8; returns how many bytes it took. */
static inline size_t json_put_char(char *to, uint32_t point) {
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xC0 | (point >> 6));
        to[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | (point >> 12));
        to[1] = (char)(0x80 | ((point >> 6) & 0x3F));
        to[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | (point >> 18));
    to[1] = (char)(0x80 | ((point >> 12) & 0x3F));
    to[2] = (char)(0x80 | ((point >> 6) & 0x3F));
    to[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

static inline uint32_t json__escaped(json_reader *reader) {
    static const char signs[] = "\"\\/bfnrt", held[] = "\"\\/\b\f\n\r\t";
    char sign = *reader->at++;
    const char *found = strchr(signs, sign);
    uint32_t point, low;
    if (sign != 'u') {
        return found != NULL && sign != 0 ? (uint32_t)held[found - signs] : '?';
    }
    point = json__unit(reader);
    if (point >= 0xD800 && point < 0xDC00 && reader->end - reader->at >= 6 &&
        reader->at[0] == '\\' && reader->at[1] == 'u') {
        reader->at += 2;
        low = json__unit(reader);
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    return point;
}

static inline gd_value json__text(json_reader *reader) {
    const char *start = reader->at;
    char *text;
    size_t size = 0;
    while (reader->at < reader->end && *reader->at != '"') {
        reader->at += *reader->at == '\\' ? 2 : 1;
    }
    if (reader->at >= reader->end) {
        return json__bad(reader);
    }
    /* No escape is shorter than what it stands for. */
    text = (char *)gd_arena_take(reader->arena, (size_t)(reader->at - start) + 1);
    if (text == NULL) {
        return json__bad(reader);
    }
    reader->at = start;
    while (*reader->at != '"') {
        if (*reader->at != '\\') {
            text[size++] = *reader->at++;
            continue;
        }
        reader->at++;
        size += json_put_char(text + size, json__escaped(reader));
    }
    reader->at++;
    text[size] = 0;
    return gd_string(text, size);
}

static inline gd_value json__number(json_reader *reader) {
    char text[64] = {0};
    size_t size = 0;
    while (reader->at < reader->end && strchr("+-.0123456789eE", *reader->at) != NULL &&
        *reader->at != 0 && size < 63) {
        text[size++] = *reader->at++;
    }
    if (size == 0) {
        return json__bad(reader);
    }
    if (strpbrk(text, ".eE") != NULL) {
        return gd_float(strtod(text, NULL));
    }
    /* One that no C integer holds becomes the largest, which no GD integer is either. */
    return text[0] == '-' ? gd_integer((int64_t)strtoll(text, NULL, 10))
                          : gd_unsigned(strtoull(text, NULL, 10));
}

/* Values that are read one by one, copied into the arena at their end. */
static inline gd_value *json__kept(json_reader *reader, gd_buffer *values) {
    gd_value *kept = (gd_value *)gd_arena_take(reader->arena, values->size + 1);
    if (kept == NULL) {
        json__bad(reader);
    } else if (values->size > 0) {
        memcpy(kept, values->bytes, values->size);
    }
    gd_buffer_free(values);
    return kept;
}

static inline gd_value json__list(json_reader *reader) {
    gd_buffer values = gd_buffer_new(gd_heap());
    size_t count = 0;
    if (!json__sign(reader, ']')) {
        do {
            gd_value item = json__value(reader);
            gd_buffer_append(&values, &item, sizeof item);
            count++;
        } while (json__sign(reader, ','));
        if (!json__sign(reader, ']')) {
            json__bad(reader);
        }
    }
    return gd_list(json__kept(reader, &values), count);
}

static inline gd_value json__object(json_reader *reader) {
    gd_buffer values = gd_buffer_new(gd_heap());
    size_t count = 0;
    if (!json__sign(reader, '}')) {
        do {
            gd_pair pair;
            if (!json__sign(reader, '"')) {
                json__bad(reader);
                break;
            }
            pair.key = json__text(reader);
            if (!json__sign(reader, ':')) {
                json__bad(reader);
            }
            pair.value = json__value(reader);
            gd_buffer_append(&values, &pair, sizeof pair);
            count++;
        } while (json__sign(reader, ','));
        if (!json__sign(reader, '}')) {
            json__bad(reader);
        }
    }
    return gd_dict((const gd_pair *)(void *)json__kept(reader, &values), count);
}

static inline bool json__word(json_reader *reader, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0) {
        return false;
    }
    reader->at += size;
    return true;
}

static inline gd_value json__value(json_reader *reader) {
    gd_value value = gd_none();
    if (reader->depth++ == JSON_MAX_DEPTH) {
        return json__bad(reader);
    }
    if (json__sign(reader, '{')) {
        value = json__object(reader);
    } else if (json__sign(reader, '[')) {
        value = json__list(reader);
    } else if (json__sign(reader, '"')) {
        value = json__text(reader);
    } else if (json__word(reader, "true")) {
        value = gd_bool(true);
    } else if (json__word(reader, "false")) {
        value = gd_bool(false);
    } else if (!json__word(reader, "null")) {
        value = json__number(reader);
    }
    reader->depth--;
    return value;
}

/* The value of a JSON text; false where it is none. */
static inline bool json_read(const char *text, size_t size, gd_arena *arena, gd_value *value) {
    json_reader reader;
    reader.at = text;
    reader.end = text + size;
    reader.arena = arena;
    reader.depth = 0;
    reader.is_bad = false;
    *value = json__value(&reader);
    json__space(&reader);
    return !reader.is_bad && reader.at == reader.end;
}

/* --- writing; a buffer that cannot grow stays as it is --- */

static inline void json_put(gd_buffer *out, const char *text) {
    gd_buffer_append(out, text, strlen(text));
}

static inline void json_putf(gd_buffer *out, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_put(out, text);
}

static inline void json_put_text(gd_buffer *out, const char *text, size_t size) {
    size_t at;
    json_put(out, "\"");
    for (at = 0; at < size; at++) {
        if (text[at] == '"' || text[at] == '\\') {
            char escaped[2] = {'\\', text[at]};
            gd_buffer_append(out, escaped, 2);
        } else if ((unsigned char)text[at] < 0x20) {
            json_putf(out, "\\u%04x", (unsigned)(unsigned char)text[at]);
        } else {
            gd_buffer_append(out, &text[at], 1);
        }
    }
    json_put(out, "\"");
}

static inline void json_put_hex(gd_buffer *out, const uint8_t *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    size_t at;
    json_put(out, "\"");
    if (gd_buffer_reserve(out, 2 * size)) {
        for (at = 0; at < size; at++) {
            out->bytes[out->size++] = (uint8_t)digits[bytes[at] >> 4];
            out->bytes[out->size++] = (uint8_t)digits[bytes[at] & 15];
        }
    }
    json_put(out, "\"");
}

/* A value as plain JSON: bytes as the object {"bytes": hex}, floats that JSON lacks as null. */
static inline void json_write(gd_buffer *out, const gd_value *value) {
    uint32_t at;
    switch (value->kind) {
    case GD_KIND_BOOL:
        json_put(out, value->boolean ? "true" : "false");
        break;
    case GD_KIND_INTEGER:
        json_putf(out, "%lld", (long long)value->integer);
        break;
    case GD_KIND_LARGE:
        json_putf(out, "%llu", (unsigned long long)value->large);
        break;
    case GD_KIND_FLOAT: {
        char text[40];
        snprintf(text, sizeof text, "%.17g", value->number);
        json_put(out, !isfinite(value->number) ? "null" : text);
        if (isfinite(value->number) && strpbrk(text, ".eE") == NULL) {
            json_put(out, ".0");
        }
        break;
    }
    case GD_KIND_STRING:
        json_put_text(out, value->text, value->size);
        break;
    case GD_KIND_BYTES:
        json_put(out, "{\"bytes\": ");
        json_put_hex(out, value->bytes, value->size);
        json_put(out, "}");
        break;
    case GD_KIND_LIST:
        json_put(out, "[");
        for (at = 0; at < value->size; at++) {
            json_put(out, at > 0 ? ", " : "");
            json_write(out, &value->items[at]);
        }
        json_put(out, "]");
        break;
    case GD_KIND_DICT:
        json_put(out, "{");
        for (at = 0; at < value->size; at++) {
            json_put(out, at > 0 ? ", " : "");
            json_write(out, &value->pairs[at].key);
            json_put(out, ": ");
            json_write(out, &value->pairs[at].value);
        }
        json_put(out, "}");
        break;
    case GD_KIND_NONE:
    default:
        json_put(out, "null");
    }
}

#endif
