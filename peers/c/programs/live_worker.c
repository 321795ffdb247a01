/* The conformance app (conformance/live/app.md), served by a worker in C. */
#include <sys/wait.h>
#include <time.h>

#include "gd_worker.h"

#define BOOT_S 0.3
#define EXIT_STATUS 7
#define CHILD_S 5
#define MOST_NOTES 64
#define ODD_CHARS 200000

typedef struct conformance {
    pthread_mutex_t lock;
    int64_t produced;
    int64_t ended;
    char marker[1024];
    char names[MOST_NOTES][128];
    int64_t notes[MOST_NOTES];
} conformance;

static void rest(double seconds) {
    struct timespec left;
    left.tv_sec = (time_t)seconds;
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static double number_of(const gd_value *value) {
    return value->kind == GD_KIND_FLOAT ? value->number : (double)value->integer;
}

/* A text with a zero at its end. */
static const char *text_of(gd_call *call, const gd_value *value) {
    size_t size = value->kind == GD_KIND_STRING ? value->size : 0;
    char *text = (char *)gd_arena_take(&call->arena, size + 1);
    if (text == NULL) {
        return "";
    }
    if (size > 0) {
        memcpy(text, value->text, size);
    }
    text[size] = 0;
    return text;
}

static gd_value filled(gd_call *call, int64_t size) {
    void *bytes = gd_arena_take(&call->arena, (size_t)size + 1);
    if (bytes == NULL) {
        return gd_none();
    }
    memset(bytes, 'x', (size_t)size);
    return gd_bytes(bytes, (size_t)size);
}

/* --- answers --- */

static void echo(gd_call *call, void *state) {
    gd_pair pairs[2];
    (void)state;
    pairs[0] = gd_pair_of("args", call->message.request.args);
    pairs[1] = gd_pair_of("kwargs", call->message.request.kwargs);
    gd_call_result(call, gd_dict(pairs, 2));
}

static void add(gd_call *call, void *state) {
    const gd_value *a = gd_call_arg(call, 0), *b = gd_call_arg(call, 1);
    (void)state;
    if (a->kind == GD_KIND_INTEGER && b->kind == GD_KIND_INTEGER) {
        gd_call_result(call, gd_integer((int64_t)((uint64_t)a->integer + (uint64_t)b->integer)));
    } else if (a->kind == GD_KIND_STRING && b->kind == GD_KIND_STRING) {
        char *text = (char *)gd_arena_take(&call->arena, (size_t)a->size + b->size + 1);
        memcpy(text, a->text, a->size);
        memcpy(text + a->size, b->text, b->size);
        gd_call_result(call, gd_string(text, (size_t)a->size + b->size));
    } else {
        gd_call_result(call, gd_float(number_of(a) + number_of(b)));
    }
}

static void blob(gd_call *call, void *state) {
    (void)state;
    gd_call_result(call, filled(call, gd_call_arg(call, 0)->integer));
}

static void deep(gd_call *call, void *state) {
    int64_t level, levels = gd_call_arg(call, 0)->integer;
    gd_value value = gd_list(NULL, 0);
    (void)state;
    for (level = 1; level < levels; level++) {
        gd_value *inner = (gd_value *)gd_arena_take(&call->arena, sizeof value);
        *inner = value;
        value = gd_list(inner, 1);
    }
    gd_call_result(call, value);
}

static void sleep_for(gd_call *call, void *state) {
    (void)state;
    rest(number_of(gd_call_arg(call, 0)));
    gd_call_result(call, *gd_call_arg(call, 0));
}

static void environment(gd_call *call, void *state) {
    const char *held = getenv(text_of(call, gd_call_arg(call, 0)));
    (void)state;
    gd_call_result(call, held != NULL ? gd_text(held) : gd_none());
}

/* --- streams --- */

static void count(gd_call *call, void *state) {
    int64_t number, stop = gd_call_arg(call, 0)->integer;
    (void)state;
    gd_call_begin_stream(call);
    for (number = 0; number < stop && gd_call_chunk(call, gd_integer(number)); number++) {
    }
}

static void count_and_fail(gd_call *call, void *state) {
    count(call, state);
    if (!gd_call_is_cancelled(call)) {
        gd_call_fail(call, "app.AfterTheItems", "after the items");
    }
}

static void tick(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    int64_t number, times = gd_call_arg(call, 0)->integer;
    gd_call_begin_stream(call);
    for (number = 0; number < times; number++) {
        rest(number_of(gd_call_arg(call, 1)));
        if (!gd_call_chunk(call, gd_integer(number))) {
            break;
        }
    }
    pthread_mutex_lock(&held->lock);
    held->ended++;
    pthread_mutex_unlock(&held->lock);
}

static void blobs(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    int64_t number, times = gd_call_arg(call, 0)->integer;
    gd_value item = filled(call, gd_call_arg(call, 1)->integer);
    gd_call_begin_stream(call);
    for (number = 0; number < times; number++) {
        pthread_mutex_lock(&held->lock);
        held->produced++;
        pthread_mutex_unlock(&held->lock);
        if (!gd_call_chunk(call, item)) {
            break;
        }
    }
}

/* --- failures --- */

static void fail(gd_call *call, void *state) {
    (void)state;
    gd_call_fail(call, "app.Failure", text_of(call, gd_call_arg(call, 0)));
}

static void fail_oddly(gd_call *call, void *state) {
    char *text = (char *)gd_arena_take(&call->arena, ODD_CHARS + 1);
    (void)state;
    /* A byte that no UTF-8 has. */
    memset(text, 0xff, ODD_CHARS);
    text[ODD_CHARS] = 0;
    gd_call_fail(call, "app.Failure", text);
}

static void unencodable(gd_call *call, void *state) {
    gd_value foreign = gd_none();
    (void)state;
    foreign.kind = (gd_kind)15;
    gd_call_result(call, foreign);
}

static void die(gd_call *call, void *state) {
    (void)call;
    (void)state;
    _exit(EXIT_STATUS);
}

static void die_and_leave_a_child(gd_call *call, void *state) {
    (void)call;
    (void)state;
    if (fork() == 0) {
        rest(CHILD_S);
        _exit(0);
    }
    kill(getpid(), SIGKILL);
}

static void *die_when_there(void *path) {
    while (access((const char *)path, F_OK) != 0) {
        rest(0.001);
    }
    kill(getpid(), SIGKILL);
    return NULL;
}

static void blob_and_die(gd_call *call, void *state) {
    pthread_t thread;
    (void)state;
    pthread_create(&thread, NULL, die_when_there, strdup(text_of(call, gd_call_arg(call, 1))));
    pthread_detach(thread);
    gd_call_result(call, filled(call, gd_call_arg(call, 0)->integer));
}

static void spawn(gd_call *call, void *state) {
    pid_t child = fork();
    (void)state;
    if (child == 0) {
        execlp("sleep", "sleep", "5", (char *)NULL);
        _exit(1);
    }
    gd_call_result(call, gd_integer(child));
}

/* --- what happened --- */

static int64_t *note_of(conformance *held, const char *name) {
    size_t at = 0;
    while (at < MOST_NOTES - 1 && held->names[at][0] != 0 && strcmp(held->names[at], name) != 0) {
        at++;
    }
    snprintf(held->names[at], sizeof held->names[at], "%s", name);
    return &held->notes[at];
}

static void note(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    int64_t noted;
    pthread_mutex_lock(&held->lock);
    noted = ++*note_of(held, text_of(call, gd_call_arg(call, 0)));
    pthread_mutex_unlock(&held->lock);
    gd_call_result(call, gd_integer(noted));
}

static void noted(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    int64_t found;
    pthread_mutex_lock(&held->lock);
    found = *note_of(held, text_of(call, gd_call_arg(call, 0)));
    pthread_mutex_unlock(&held->lock);
    gd_call_result(call, gd_integer(found));
}

static void counters(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    gd_pair pairs[2];
    pthread_mutex_lock(&held->lock);
    pairs[0] = gd_pair_of("produced", gd_integer(held->produced));
    pairs[1] = gd_pair_of("ended", gd_integer(held->ended));
    pthread_mutex_unlock(&held->lock);
    gd_call_result(call, gd_dict(pairs, 2));
}

static void mark_when_closed(gd_call *call, void *state) {
    conformance *held = (conformance *)state;
    snprintf(held->marker, sizeof held->marker, "%s", text_of(call, gd_call_arg(call, 0)));
}

static void hidden(gd_call *call, void *state) {
    (void)state;
    gd_call_result(call, gd_text("reached"));
}

static const gd_action ACTIONS[] = {
    {"echo", echo},
    {"add", add},
    {"blob", blob},
    {"deep", deep},
    {"sleep", sleep_for},
    {"environment", environment},
    {"count", count},
    {"count_and_fail", count_and_fail},
    {"tick", tick},
    {"blobs", blobs},
    {"fail", fail},
    {"fail_oddly", fail_oddly},
    {"unencodable", unencodable},
    {"die", die},
    {"die_and_leave_a_child", die_and_leave_a_child},
    {"blob_and_die", blob_and_die},
    {"spawn", spawn},
    {"note", note},
    {"noted", noted},
    {"counters", counters},
    {"mark_when_closed", mark_when_closed},
    {"_hidden", hidden},
};

static const char *boot(void *state) {
    (void)state;
    rest(BOOT_S);
    return NULL;
}

static void leave(void *state) {
    conformance *held = (conformance *)state;
    FILE *file = held->marker[0] != 0 ? fopen(held->marker, "w") : NULL;
    if (file != NULL) {
        fputs("closed", file);
        fclose(file);
    }
}

static const char *boot_in_vain(void *state) {
    (void)state;
    return "this app cannot be initialised";
}

int main(void) {
    static conformance held;
    const gd_app apps[] = {
        {"gdproto.conformance.live.app:App", ACTIONS, sizeof ACTIONS / sizeof ACTIONS[0], &held, boot, leave},
        {"gdproto.conformance.live.app:Broken", ACTIONS, 0, &held, boot_in_vain, NULL},
    };
    pthread_mutex_init(&held.lock, NULL);
    return gd_worker_run(apps, 2);
}
