"""Section of faults: portable codes, error types, and how a place in a payload is written."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..template import fill
from .printing import cases, code, constant, enumerators, text

# The one form of a plain key that is printed as code.
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"


def section(spec: ir.Spec) -> str:
    """Codes, faults and error types."""
    paths = spec.paths
    if paths.identifier != IDENTIFIER:
        raise CompileError(f"spec.paths: IDENTIFIER: C compares keys to {IDENTIFIER} alone")
    return fill(
        ERRORS,
        codes=enumerators((code(one.name), None, one.meaning) for one in spec.error_codes),
        code_cases=cases((code(one.name), text(one.name)) for one in spec.error_codes),
        types=enumerators((constant("ERROR", one.name), None, one.meaning)
                          for one in spec.error_types),
        rows=[_row(one, spec) for one in spec.error_types],
        path_chars=str(paths.max_path_chars),
        path_bytes=str(4 * paths.max_path_chars + 1),
        key_chars=str(paths.max_key_chars),
        ellipsis=text(paths.ellipsis),
        escapes=cases((str(ord(one)), text(held)) for one, held in paths.escapes),
        type_count=str(len(spec.error_types)),
    )  # fmt: skip


def _row(one: ir.ErrorType, spec: ir.Spec) -> str:
    """Name, parent (itself where it has none) and details of an error type."""
    parent = constant("ERROR", one.parent or one.name)
    return f"{{{text(one.name)}, {parent}, {text(' '.join(one.details))}}},"


ERRORS = """
/* --- errors --- */

/* What is wrong with bytes, with values, or with what a peer did. */
typedef enum gd_code {
    GD_CODE_OK, /* nothing is wrong */
    «codes»
    GD_CODE_NO_MEMORY /* no code of the protocol: the allocator gave none */
} gd_code;

/* The code as the specification writes it. */
static inline const char *gd_code_name(gd_code code) {
    switch (code) {
    case GD_CODE_OK:
        return "ok";
    «code_cases»
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

#define GD_MAX_PATH_CHARS «path_chars»u
#define GD_MAX_KEY_CHARS «key_chars»u
#define GD_PATH_BYTES «path_bytes»u

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
    «types»
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
    static const gd_error_rule rules[«type_count»] = {
        «rows»
    };
    return &rules[type];
}

/* The error type of that name; the first one for a name that is not known. */
static inline gd_error_type gd_error_type_named(const char *name, size_t size) {
    int type;
    for (type = 0; type < «type_count»; type++) {
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
    «escapes»
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
    gd__path_text(path, "[\\"");
    for (at = 0; at < size; at++) {
        const char *escape = gd__escape(key[at]);
        if (((unsigned char)key[at] & 0xC0) != 0x80 && chars++ == GD_MAX_KEY_CHARS) {
            gd__path_text(path, «ellipsis»);
            break;
        }
        if (escape != NULL) {
            gd__path_text(path, escape);
        } else if ((unsigned char)key[at] < 0x20) {
            snprintf(control, sizeof control, "\\\\u%04x", (unsigned)(unsigned char)key[at]);
            gd__path_text(path, control);
        } else {
            gd__path_byte(path, key[at]);
        }
    }
    gd__path_text(path, "\\"]");
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
        memcpy(path->text + path->cut, «ellipsis», sizeof «ellipsis» - 1);
        path->size = path->cut + sizeof «ellipsis» - 1;
    }
    path->text[path->size] = 0;
}
"""
