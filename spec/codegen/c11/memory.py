"""Section of memory: allocators, arenas, buffers, and numbers in bytes."""

from __future__ import annotations

from .. import ir
from ..template import fill


def section(spec: ir.Spec) -> str:
    """What the declaration has no say in."""
    numbers = [line for bits in (8, 16, 32, 64) for line in _number(bits)]
    return fill(MEMORY, numbers=numbers)


def _number(bits: int) -> list[str]:
    shifts = range(bits - 8, -8, -8)
    got = " | ".join(
        f"(uint{bits}_t)((uint{bits}_t)bytes[{at}] << {shift})" if shift else f"bytes[{at}]"
        for at, shift in enumerate(shifts)
    )
    if bits == 16:  # Smaller than an int, which it becomes.
        got = f"(uint16_t)({got})"
    puts = [
        f"    bytes[{at}] = (uint8_t)" + (f"(number >> {shift});" if shift else "number;")
        for at, shift in enumerate(shifts)
    ]
    return [
        f"static inline uint{bits}_t gd__get{bits}(const uint8_t *bytes) {{",
        f"    return {got};",
        "}",
        "",
        f"static inline void gd__put{bits}(uint8_t *bytes, uint{bits}_t number) {{",
        *puts,
        "}",
        "",
    ]


MEMORY = """
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

«numbers»
"""
