/* The operations of the stash, asked of an arbiter that DIRTY_SOCKET names; `make peers` starts one. */
#include "gd_stash.h"

#define CHECK(is_well) check(is_well, #is_well, __LINE__)
/* A result lives until the next question, but where it is kept. */
#define ASK(operation, ...) \
    (gd_answer_free(&answer), gd_stash_##operation(&client, name, __VA_ARGS__, &terms, &answer))
#define ASK_TABLE(operation) \
    (gd_answer_free(&answer), gd_stash_##operation(&client, name, &terms, &answer))

static gd_client client;
static gd_terms terms;
static gd_answer answer, kept;
static char name[32];

static void check(bool is_well, const char *what, int line) {
    if (!is_well) {
        printf("line %d: not so: %s: %s\n", line, what, answer.failure.message);
        exit(1);
    }
}

static bool is_true(bool has_result) {
    return has_result && answer.result.boolean;
}

static bool is_false(bool has_result) {
    return has_result && !answer.result.boolean;
}

static bool is_number(bool has_result, int64_t number) {
    return has_result && answer.result.kind == GD_KIND_INTEGER && answer.result.integer == number;
}

static bool is_text(bool has_result, const char *text) {
    return has_result && gd_is_text(&answer.result, text);
}

static bool fails_by(bool has_result, const char *type) {
    return !has_result && answer.failure.type == gd_error_type_named(type, strlen(type));
}

static bool is_none(bool has_result) {
    return has_result && answer.result.kind == GD_KIND_NONE;
}

static gd_value of_result(const char *key) {
    const gd_value *found = gd_get(&answer.result, key);
    return found != NULL ? *found : gd_none();
}

/* Have the answer outlive the next question. */
static void keep(void) {
    kept = answer;
    memset(&answer, 0, sizeof answer);
}

static void keys_and_values(void) {
    gd_value k = gd_text("k"), none = gd_none();
    CHECK(is_true(ASK(put, k, gd_integer(1), gd_integer(60))));
    CHECK(is_number(ASK(get, k), 1));
    CHECK(ASK(ttl, k) && answer.result.number > 0 && answer.result.number <= 60);
    CHECK(is_true(ASK(touch, k, none)));
    CHECK(is_none(ASK(ttl, k)));
    CHECK(is_false(ASK(put_if_absent, k, gd_integer(2), none)));
    CHECK(is_true(ASK(exists, k)) && is_false(ASK(exists, gd_text("l"))));
    CHECK(is_number(ASK(pop, k), 1));
    CHECK(fails_by(ASK(get, k), "StashKeyNotFoundError"));
    CHECK(is_true(ASK(put_if_absent, k, gd_integer(2), none)));
    CHECK(is_true(ASK(delete, k)) && is_false(ASK(delete, k)));
}

static void numbers_and_versions(void) {
    gd_value n = gd_text("n"), none = gd_none(), version;
    CHECK(is_number(ASK(incr, n, none, none, none), 1));
    CHECK(ASK(incr, n, gd_float(1.5), none, none) && answer.result.number == 2.5);
    CHECK(is_number(ASK(incr, gd_text("m"), gd_integer(2), gd_integer(10), gd_integer(60)), 12));
    CHECK(ASK(entry, n) && of_result("value").number == 2.5);
    version = of_result("version");
    CHECK(ASK(swap, n, gd_text("new"), version, none) && answer.result.integer > 0);
    CHECK(is_number(ASK(swap, n, gd_text("newer"), version, none), 0));
    CHECK(is_text(ASK(get, n), "new"));
}

static void many_at_once(void) {
    gd_value x1[2] = {gd_text("x1"), gd_integer(1)}, x2[2] = {gd_text("x2"), gd_integer(2)};
    gd_value y[2] = {gd_text("y"), gd_integer(3)}, none = gd_none(), next;
    gd_value pairs[3] = {gd_list(x1, 2), gd_list(x2, 2), gd_list(y, 2)};
    gd_value keys[3] = {gd_text("y"), gd_text("z"), gd_text("x1")};
    bool is_first;
    CHECK(is_true(ASK_TABLE(clear)));
    CHECK(is_true(ASK(put_many, gd_list(pairs, 3), none)));
    CHECK(ASK(get_many, gd_list(keys, 3)) && answer.result.size == 2);
    CHECK(gd_is_text(&answer.result.items[1].items[0], "x1"));
    CHECK(answer.result.items[1].items[1].integer == 1);
    CHECK(ASK(keys, none) && answer.result.size == 3);
    CHECK(ASK(keys, gd_text("x1*")) && answer.result.size == 1);
    CHECK(ASK(page, gd_text("x*"), none, gd_integer(1)) && of_result("keys").size == 1);
    is_first = gd_is_text(&of_result("keys").items[0], "x1");
    next = of_result("next");
    keep();
    CHECK(ASK(page, gd_text("x*"), next, none) && of_result("keys").size == 1);
    CHECK(gd_is_text(&of_result("keys").items[0], is_first ? "x2" : "x1"));
    gd_answer_free(&kept);
}

static void lists(void) {
    gd_value l = gd_text("l"), none = gd_none();
    CHECK(is_number(ASK(push_right, l, gd_text("b")), 1));
    CHECK(is_number(ASK(push_left, l, gd_text("a")), 2));
    CHECK(is_number(ASK(length, l), 2));
    CHECK(is_text(ASK(pop_left, l, none), "a") && is_text(ASK(pop_right, l, none), "b"));
    CHECK(fails_by(ASK(pop_left, l, gd_float(0.001)), "StashKeyNotFoundError"));
}

static void changes(void) {
    gd_value none = gd_none(), next, made;
    CHECK(ASK(changes, none, none, none, none));
    next = of_result("next");
    keep();
    CHECK(ASK(put, gd_text("c"), gd_integer(1), none));
    CHECK(ASK(changes, none, next, none, gd_integer(10)) && of_result("changes").size == 1);
    gd_answer_free(&kept);
    made = of_result("changes").items[0];
    CHECK(gd_is_text(gd_get(&made, "kind"), "put") && gd_is_text(gd_get(&made, "key"), "c"));
}

int main(void) {
    uint32_t at;
    bool is_listed = false;
    if (getenv("DIRTY_SOCKET") == NULL) {
        printf("skipped: DIRTY_SOCKET names no arbiter\n");
        return 0;
    }
    terms.timeout_s = 30;
    snprintf(name, sizeof name, "c-%d", (int)getpid());
    CHECK(gd_client_init(&client, NULL));
    CHECK(is_true(ASK_TABLE(ensure)) && is_true(ASK(exists, gd_none())));
    gd_answer_free(&answer);
    CHECK(gd_stash_tables(&client, &terms, &answer));
    for (at = 0; at < answer.result.size; at++) {
        is_listed |= gd_is_text(&answer.result.items[at], name);
    }
    CHECK(is_listed);
    keys_and_values();
    numbers_and_versions();
    many_at_once();
    lists();
    changes();
    CHECK(is_true(ASK_TABLE(clear)));
    CHECK(ASK_TABLE(info) && of_result("size").integer == 0);
    CHECK(is_true(ASK_TABLE(delete_table)) && is_false(ASK_TABLE(delete_table)));
    CHECK(fails_by(ASK_TABLE(info), "StashTableNotFoundError"));
    gd_answer_free(&answer);
    gd_client_free(&client);
    printf("all well\n");
    return 0;
}
