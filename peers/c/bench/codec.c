/* The codec beside msgpack-c on the five payloads: FOLDER holds PAYLOAD.gd (benchmarks/peers.py).
 *
 * Rules: what is measured takes turns, and each has its best round. Memory is kept between runs, as
 * a program that serves would keep it: ours in an arena and a buffer, theirs in a zone and a
 * buffer. msgpack-c refers to the input too, where it can. `copy_ns` is what memcpy of the
 * bytes takes: of a blob, nothing is faster that makes a copy. */
#include <msgpack.h>
#include <time.h>

#include "gd.h"

#define ROUNDS 15
#define ROUND_S 0.01

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* One payload, as both have it. */
typedef struct payload {
    uint8_t *bytes;
    size_t size;
    gd_arena held;
    gd_value value;
    gd_arena arena;
    gd_buffer out;
    msgpack_sbuffer packed;
    msgpack_sbuffer again;
    msgpack_zone zone;
    msgpack_object object;
    uint8_t *copy;
} payload;

static void must(bool well, const char *what) {
    if (!well) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static void ours_encode(payload *one) {
    gd_fault fault;
    one->out.size = 0;
    must(gd_encode(&one->value, &one->out, &fault) == GD_CODE_OK, "encode");
}

static void ours_decode(payload *one) {
    gd_value value;
    gd_fault fault;
    gd_arena_reset(&one->arena);
    must(gd_decode(one->bytes, one->size, &one->arena, &value, &fault) == GD_CODE_OK, "decode");
}

/* A program's own value, packed by the calls that msgpack-c has for each type. */
static void pack(msgpack_packer *packer, const gd_value *value) {
    uint32_t at;
    switch (value->kind) {
    case GD_KIND_NONE:
        msgpack_pack_nil(packer);
        break;
    case GD_KIND_BOOL:
        value->boolean ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
        break;
    case GD_KIND_INTEGER:
        msgpack_pack_int64(packer, value->integer);
        break;
    case GD_KIND_FLOAT:
        msgpack_pack_double(packer, value->number);
        break;
    case GD_KIND_BYTES:
        msgpack_pack_bin(packer, value->size);
        msgpack_pack_bin_body(packer, value->bytes, value->size);
        break;
    case GD_KIND_STRING:
        msgpack_pack_str(packer, value->size);
        msgpack_pack_str_body(packer, value->text, value->size);
        break;
    case GD_KIND_LIST:
        msgpack_pack_array(packer, value->size);
        for (at = 0; at < value->size; at++) {
            pack(packer, &value->items[at]);
        }
        break;
    case GD_KIND_DICT:
        msgpack_pack_map(packer, value->size);
        for (at = 0; at < value->size; at++) {
            pack(packer, &value->pairs[at].key);
            pack(packer, &value->pairs[at].value);
        }
        break;
    case GD_KIND_LARGE:
    default:
        must(false, "no such value");
    }
}

static void theirs_encode(payload *one) {
    msgpack_packer packer;
    msgpack_sbuffer_clear(&one->again);
    msgpack_packer_init(&packer, &one->again, msgpack_sbuffer_write);
    pack(&packer, &one->value);
}

static void theirs_decode(payload *one) {
    size_t at = 0;
    msgpack_object object;
    msgpack_zone_clear(&one->zone);
    must(msgpack_unpack(one->packed.data, one->packed.size, &at, &one->zone,
             &object) == MSGPACK_UNPACK_SUCCESS,
        "unpack");
}

static void only_copy(payload *one) {
    memcpy(one->copy, one->bytes, one->size);
    /* Somebody may look at it. */
    __asm__ volatile("" : : "r"(one->copy) : "memory");
}

/* Nanoseconds of one run, over as many as take a round. */
static double round_ns(void (*run)(payload *), payload *one) {
    double began_s = now_s(), took_s;
    long runs = 0, step = 1;
    do {
        long left;
        for (left = step; left > 0; left--) {
            run(one);
        }
        runs += step;
        step *= 2;
        took_s = now_s() - began_s;
    } while (took_s < ROUND_S);
    return took_s * 1e9 / (double)runs;
}

/* The best of each, in turns. */
static void measure(void (*const runs[])(payload *), int count, payload *one, double *best) {
    int round, at;
    for (at = 0; at < count; at++) {
        best[at] = round_ns(runs[at], one);
    }
    for (round = 1; round < ROUNDS; round++) {
        for (at = 0; at < count; at++) {
            double took = round_ns(runs[at], one);
            best[at] = took < best[at] ? took : best[at];
        }
    }
}

static void load(payload *one, const char *folder, const char *name) {
    char path[1024];
    FILE *file;
    long size;
    gd_fault fault;
    memset(one, 0, sizeof *one);
    snprintf(path, sizeof path, "%s/%s.gd", folder, name);
    file = fopen(path, "rb");
    must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    size = ftell(file);
    rewind(file);
    one->size = (size_t)size;
    one->bytes = (uint8_t *)malloc(one->size + 1);
    one->copy = (uint8_t *)malloc(one->size + 1);
    must(one->bytes != NULL && one->copy != NULL &&
            fread(one->bytes, 1, one->size, file) == one->size,
        path);
    fclose(file);
    one->held = gd_arena_new(gd_heap());
    one->arena = gd_arena_new(gd_heap());
    one->out = gd_buffer_new(gd_heap());
    must(gd_decode(one->bytes, one->size, &one->held, &one->value, &fault) == GD_CODE_OK, path);
    msgpack_sbuffer_init(&one->packed);
    msgpack_sbuffer_init(&one->again);
    msgpack_zone_init(&one->zone, 8192);
    theirs_encode(one);
    msgpack_sbuffer_write(&one->packed, one->again.data, one->again.size);
}

static void unload(payload *one) {
    free(one->bytes);
    free(one->copy);
    gd_arena_free(&one->held);
    gd_arena_free(&one->arena);
    gd_buffer_free(&one->out);
    msgpack_sbuffer_destroy(&one->packed);
    msgpack_sbuffer_destroy(&one->again);
    msgpack_zone_destroy(&one->zone);
}

static void tell(const char *payload, const char *direction, const double *best) {
    printf("{\"payload\": \"%s\", \"direction\": \"%s\", ", payload, direction);
    printf("\"ours_ns\": %.1f, \"theirs_ns\": %.1f, \"copy_ns\": %.1f}\n", best[0], best[1], best[2]);
}

int main(int count, char **words) {
    static const char *const names[] = {"small_request", "one_token", "embedding", "rows", "blob"};
    void (*const encoding[])(payload *) = {ours_encode, theirs_encode, only_copy};
    void (*const decoding[])(payload *) = {ours_decode, theirs_decode, only_copy};
    double best[3];
    size_t at;
    if (count != 2) {
        fprintf(stderr, "codec FOLDER\n");
        return 2;
    }
    for (at = 0; at < sizeof names / sizeof names[0]; at++) {
        payload one;
        load(&one, words[1], names[at]);
        measure(encoding, 3, &one, best);
        tell(names[at], "encode", best);
        measure(decoding, 3, &one, best);
        tell(names[at], "decode", best);
        unload(&one);
    }
    return 0;
}
