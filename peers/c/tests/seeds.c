/* Write what a fuzzer begins with into a folder: values and frames, each behind the byte that says
 * which. */
#include "gd.h"

static void keep(const char *folder, const char *name, uint8_t kind, const gd_buffer *bytes) {
    char path[1024];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(&kind, 1, 1, file) != 1 ||
        fwrite(bytes->bytes, 1, bytes->size, file) != bytes->size) {
        fprintf(stderr, "seeds: %s cannot be written\n", path);
        exit(1);
    }
    fclose(file);
}

int main(int count, char **words) {
    gd_buffer bytes = gd_buffer_new(gd_heap());
    gd_value items[7], list = gd_list(items, 7), args = gd_list(items, 2);
    gd_pair pairs[2];
    gd_message request;
    gd_fault fault;
    if (count != 2) {
        return 2;
    }
    pairs[0] = gd_pair_of("key", gd_none());
    pairs[1] = gd_pair_of("two words", gd_bool(true));
    items[0] = gd_integer(-1);
    items[1] = gd_float(1.5);
    items[2] = gd_text("é");
    items[3] = gd_bytes("\xff", 1);
    items[4] = gd_dict(pairs, 2);
    items[5] = gd_list(NULL, 0);
    items[6] = gd_none();
    if (gd_encode(&list, &bytes, &fault) != GD_CODE_OK) {
        return 1;
    }
    keep(words[1], "value", 0, &bytes);
    bytes.size = 0;
    request = gd_make_request(1, gd_text("a:B"), gd_text("c"), args, gd_dict(pairs, 2),
        gd_float(2.0), gd_integer(1), gd_none(), gd_none());
    if (gd_serialize(&request, &bytes, &fault) != GD_CODE_OK) {
        return 1;
    }
    keep(words[1], "frame", 1, &bytes);
    request = gd_make_cancel(1);
    if (gd_serialize(&request, &bytes, &fault) != GD_CODE_OK) {
        return 1;
    }
    keep(words[1], "stream-to-an-arbiter", 3, &bytes);
    keep(words[1], "stream-to-a-worker", 5, &bytes);
    bytes.size = 0;
    request = gd_make_error(0, gd_text("DirtyError"), gd_text("no"), gd_dict(pairs, 2));
    if (gd_serialize(&request, &bytes, &fault) != GD_CODE_OK) {
        return 1;
    }
    keep(words[1], "stream-to-a-client", 2, &bytes);
    gd_buffer_free(&bytes);
    return 0;
}
