/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* The operations of the stash: tables of the arbiter, which all clients and workers share.
 *
 * Rules: keys are neither lists nor dicts. Each function returns whether there is a result, of
 * the kind that is declared; what it holds lives until gd_answer_free. */
#ifndef GD_STASH_H
#define GD_STASH_H

#include "gd_client.h"

/* Store `value` under `key`. Its failure is StashError when there is no room. May be none:
 * `ttl`. */
static inline bool gd_stash_put(gd_client *client, const char *table, gd_value key, gd_value value,
    gd_value ttl, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PUT), gd_text(table), key, value,
        gd_none(), ttl, gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* The value of `key`. Its failure is StashKeyNotFoundError when the key or the table is missing. */
static inline bool gd_stash_get(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_GET), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(GD__ANY_KIND, client, question, terms, answer);
}

/* Remove `key`; false when it was missing. */
static inline bool gd_stash_delete(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_DELETE), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* The keys, or those strings among them that match `* ? [seq] [!seq]`. May be none: `pattern`. */
static inline bool gd_stash_keys(gd_client *client, const char *table, gd_value pattern,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_KEYS), gd_text(table), gd_none(),
        gd_none(), pattern, gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_LIST, client, question, terms, answer);
}

/* Remove every key of the table. */
static inline bool gd_stash_clear(gd_client *client, const char *table, const gd_terms *terms,
    gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_CLEAR), gd_text(table), gd_none(),
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* How large the table is. Its failure is StashTableNotFoundError when the table is missing. */
static inline bool gd_stash_info(gd_client *client, const char *table, const gd_terms *terms,
    gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_INFO), gd_text(table), gd_none(),
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_DICT, client, question, terms, answer);
}

/* Have the table, if only empty. Its failure is StashError when there is no room. */
static inline bool gd_stash_ensure(gd_client *client, const char *table, const gd_terms *terms,
    gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_ENSURE), gd_text(table),
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(),
        gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* Remove the table; false when it was missing. */
static inline bool gd_stash_delete_table(gd_client *client, const char *table,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_DELETE_TABLE), gd_text(table),
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(),
        gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* The names of all tables. */
static inline bool gd_stash_tables(gd_client *client, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_TABLES), gd_text(""), gd_none(),
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_LIST, client, question, terms, answer);
}

/* Whether the table has `key`; without a key, whether there is such a table. May be none: `key`. */
static inline bool gd_stash_exists(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_EXISTS), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* Store `value` under `key`, if it is missing; false when it was there. Its failure is
 * StashError when there is no room. May be none: `ttl`. */
static inline bool gd_stash_put_if_absent(gd_client *client, const char *table, gd_value key,
    gd_value value, gd_value ttl, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PUT_IF_ABSENT), gd_text(table),
        key, value, gd_none(), ttl, gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* Take out `key`: its value. Its failure is StashKeyNotFoundError when the key or the table is
 * missing. */
static inline bool gd_stash_pop(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_POP), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(GD__ANY_KIND, client, question, terms, answer);
}

/* Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing. Its
 * failure is StashError when there is no number, it would be too large, or there is no room. May
 * be none: `value`, `initial`, `ttl`. */
static inline bool gd_stash_incr(gd_client *client, const char *table, gd_value key, gd_value value,
    gd_value initial, gd_value ttl, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_INCR), gd_text(table), key, value,
        gd_none(), ttl, initial, gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_INTEGER | 1u << GD_KIND_FLOAT, client, question, terms,
        answer);
}

/* Let `key` live `ttl` seconds from now, or for ever; false when it was missing. Its failure is
 * StashError when there is no room. May be none: `ttl`. */
static inline bool gd_stash_touch(gd_client *client, const char *table, gd_value key, gd_value ttl,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_TOUCH), gd_text(table), key,
        gd_none(), gd_none(), ttl, gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* How long `key` lives: seconds, or none. Its failure is StashKeyNotFoundError when the key or
 * the table is missing. */
static inline bool gd_stash_ttl(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_TTL), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(GD__ANY_KIND, client, question, terms, answer);
}

/* The value of `key`, with its version. Its failure is StashKeyNotFoundError when the key or the
 * table is missing. Its failure is StashError when there is no room. */
static inline bool gd_stash_entry(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_ENTRY), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_DICT, client, question, terms, answer);
}

/* Store `value` under `key` if that has `version`, 0 for one that is missing. The new version,
 * or 0. Its failure is StashError when there is no room. May be none: `version`, `ttl`. */
static inline bool gd_stash_swap(gd_client *client, const char *table, gd_value key, gd_value value,
    gd_value version, gd_value ttl, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_SWAP), gd_text(table), key, value,
        gd_none(), ttl, gd_none(), version, gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_INTEGER, client, question, terms, answer);
}

/* A list of key and value for each key of the list `value` that is there. */
static inline bool gd_stash_get_many(gd_client *client, const char *table, gd_value value,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_GET_MANY), gd_text(table),
        gd_none(), value, gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(),
        gd_none());
    return gd__client_ask_for(1u << GD_KIND_LIST, client, question, terms, answer);
}

/* Store what the list `value` has lists of, a key and its value: all of it, or nothing. Its
 * failure is StashError when there is no room. May be none: `ttl`. */
static inline bool gd_stash_put_many(gd_client *client, const char *table, gd_value value,
    gd_value ttl, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PUT_MANY), gd_text(table),
        gd_none(), value, gd_none(), ttl, gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_BOOL, client, question, terms, answer);
}

/* Up to `count` of the keys, as of `keys`, behind those of the page that names `after`. May be
 * none: `pattern`, `after`, `count`. */
static inline bool gd_stash_page(gd_client *client, const char *table, gd_value pattern,
    gd_value after, gd_value count, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PAGE), gd_text(table), gd_none(),
        gd_none(), pattern, gd_none(), gd_none(), gd_none(), count, after, gd_none());
    return gd__client_ask_for(1u << GD_KIND_DICT, client, question, terms, answer);
}

/* Add `value` before all items of the list `key`. How many it has then. Its failure is
 * StashError when there is no room. */
static inline bool gd_stash_push_left(gd_client *client, const char *table, gd_value key,
    gd_value value, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PUSH_LEFT), gd_text(table), key,
        value, gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_INTEGER, client, question, terms, answer);
}

/* Add `value` behind all items of the list `key`. How many it has then. Its failure is
 * StashError when there is no room. */
static inline bool gd_stash_push_right(gd_client *client, const char *table, gd_value key,
    gd_value value, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_PUSH_RIGHT), gd_text(table), key,
        value, gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_INTEGER, client, question, terms, answer);
}

/* Take out the first item of the list `key`; wait up to `wait` seconds for one. Its failure is
 * StashKeyNotFoundError when the list has no items. May be none: `wait`. */
static inline bool gd_stash_pop_left(gd_client *client, const char *table, gd_value key,
    gd_value wait, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_POP_LEFT), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), wait);
    return gd__client_ask_for(GD__ANY_KIND, client, question, terms, answer);
}

/* Take out the last item of the list `key`; wait up to `wait` seconds for one. Its failure is
 * StashKeyNotFoundError when the list has no items. May be none: `wait`. */
static inline bool gd_stash_pop_right(gd_client *client, const char *table, gd_value key,
    gd_value wait, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_POP_RIGHT), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), wait);
    return gd__client_ask_for(GD__ANY_KIND, client, question, terms, answer);
}

/* How many items the list `key` has, 0 where it is missing. */
static inline bool gd_stash_length(gd_client *client, const char *table, gd_value key,
    const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_LENGTH), gd_text(table), key,
        gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none(), gd_none());
    return gd__client_ask_for(1u << GD_KIND_INTEGER, client, question, terms, answer);
}

/* Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`;
 * wait up to `wait` seconds for one. Its failure is StashError when too many tables are watched.
 * May be none: `pattern`, `after`, `count`, `wait`. */
static inline bool gd_stash_changes(gd_client *client, const char *table, gd_value pattern,
    gd_value after, gd_value count, gd_value wait, const gd_terms *terms, gd_answer *answer) {
    gd_message question = gd_make_stash(0, gd_integer(GD_STASH_OP_CHANGES), gd_text(table),
        gd_none(), gd_none(), pattern, gd_none(), gd_none(), gd_none(), count, after, wait);
    return gd__client_ask_for(1u << GD_KIND_DICT, client, question, terms, answer);
}

#endif
