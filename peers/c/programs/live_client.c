/* The client as the live suite drives it: SOCKET JOB (conformance/live/clients.md). */
#include "gd_client.h"
#include "gd_json.h"

/* One call of a step, and what came of it. */
typedef struct errand {
    pthread_t thread;
    gd_client *client;
    const gd_value *asked;
    gd_terms terms;
    gd_buffer outcome;
} errand;

static const gd_value *held(const gd_value *object, const char *key) {
    static const gd_value none = {GD_KIND_NONE, 0, {0}};
    const gd_value *found = gd_get(object, key);
    return found != NULL ? found : &none;
}

static const char *text_of(const gd_value *value) {
    return value->kind == GD_KIND_STRING ? value->text : "";
}

static void put_failure(gd_buffer *out, const gd_failure *failure) {
    json_put(out, "\"error\": {\"type\": \"");
    json_put(out, gd_error_rule_of(failure->type)->name);
    json_put(out, "\", \"message\": ");
    json_put_text(out, failure->message, strlen(failure->message));
    if (failure->code != GD_CODE_OK) {
        json_putf(out, ", \"code\": \"%s\"", gd_code_name(failure->code));
    }
    json_put(out, "}");
}

static void put_answer(errand *one, gd_answer *answer) {
    json_put(&one->outcome, "{");
    if (answer->is_failed) {
        put_failure(&one->outcome, &answer->failure);
    } else {
        json_put(&one->outcome, "\"result\": ");
        json_write(&one->outcome, &answer->result);
    }
    json_put(&one->outcome, "}");
    gd_answer_free(answer);
}

static void read_stream(errand *one) {
    const gd_value *asked = one->asked, *take = held(asked, "take"), *item;
    const char *between = "";
    int64_t taken = 0, most = take->kind == GD_KIND_INTEGER ? take->integer : INT64_MAX;
    gd_stream stream;
    gd_client_stream(one->client, text_of(held(asked, "app_path")), text_of(held(asked, "action")),
        *held(asked, "args"), *held(asked, "kwargs"), &one->terms, &stream);
    json_put(&one->outcome, "{\"chunks\": [");
    while (taken < most && (item = gd_stream_next(&stream)) != NULL) {
        json_put(&one->outcome, between);
        json_write(&one->outcome, item);
        between = ", ";
        taken++;
    }
    json_put(&one->outcome, "]");
    if (stream.is_failed) {
        json_put(&one->outcome, ", ");
        put_failure(&one->outcome, &stream.failure);
    }
    json_put(&one->outcome, "}");
    gd_stream_close(&stream);
}

static void *run(void *given) {
    errand *one = (errand *)given;
    const gd_value *asked = one->asked, *what = held(asked, "do");
    gd_answer answer;
    if (gd_is_text(what, "stream")) {
        read_stream(one);
        return NULL;
    }
    if (gd_is_text(what, "status")) {
        gd_client_status(one->client, &one->terms, &answer);
    } else if (gd_is_text(what, "stash")) {
        gd_client_stash(one->client, GD_STASH_OP_GET, text_of(held(asked, "table")),
            *held(asked, "key"), gd_none(), gd_none(), &one->terms, &answer);
    } else {
        gd_client_call(one->client, text_of(held(asked, "app_path")),
            text_of(held(asked, "action")), *held(asked, "args"), *held(asked, "kwargs"),
            &one->terms, &answer);
    }
    put_answer(one, &answer);
    return NULL;
}

static void step(gd_client *client, const gd_value *calls, gd_terms terms, gd_buffer *out) {
    errand *errands = (errand *)calloc(calls->size + (size_t)1, sizeof(errand));
    uint32_t at;
    if (errands == NULL) {
        exit(1);
    }
    for (at = 0; at < calls->size; at++) {
        errands[at].client = client;
        errands[at].asked = &calls->items[at];
        errands[at].terms = terms;
        errands[at].outcome = gd_buffer_new(gd_heap());
        if (pthread_create(&errands[at].thread, NULL, run, &errands[at]) != 0) {
            exit(1);
        }
    }
    json_put(out, "[");
    for (at = 0; at < calls->size; at++) {
        pthread_join(errands[at].thread, NULL);
        json_put(out, at > 0 ? ", " : "");
        gd_buffer_append(out, errands[at].outcome.bytes, errands[at].outcome.size);
        gd_buffer_free(&errands[at].outcome);
    }
    json_put(out, "]");
    free(errands);
}

int main(int count, char **words) {
    gd_arena arena = gd_arena_new(gd_heap());
    gd_buffer out = gd_buffer_new(gd_heap());
    gd_terms terms = {.timeout_s = 0.0};
    const gd_value *timeout, *steps;
    gd_client client;
    gd_value job;
    uint32_t at;
    if (count != 3 || !json_read(words[2], strlen(words[2]), &arena, &job)) {
        fprintf(stderr, "live_client SOCKET JOB\n");
        return 2;
    }
    if (!gd_client_init(&client, words[1][0] != 0 ? words[1] : NULL)) {
        fprintf(stderr, "live_client: DIRTY_SOCKET: no path of a socket\n");
        return 2;
    }
    timeout = held(&job, "timeout");
    steps = held(&job, "steps");
    terms.timeout_s = timeout->kind == GD_KIND_FLOAT ? timeout->number : (double)timeout->integer;
    json_put(&out, "{\"outcomes\": [");
    for (at = 0; at < steps->size; at++) {
        json_put(&out, at > 0 ? ", " : "");
        step(&client, &steps->items[at], terms, &out);
    }
    json_put(&out, "]}\n");
    fwrite(out.bytes, 1, out.size, stdout);
    gd_client_free(&client);
    gd_buffer_free(&out);
    gd_arena_free(&arena);
    return 0;
}
