/* === What an interpreter has of its own ======================================================

   Objects of one interpreter never reach another, so all that is bound or kept lies in a Home; it
   lives from the interpreter's first import of the module on. Which one is at hand stands in a
   variable of the thread: whatever Python calls begins with `enter`. A Home is never freed, only
   used again, so that what a thread remembers of an interpreter that is gone can still be read. */

#include <stdatomic.h>

/* What is asked in doubt, in gdproto. */
enum {
    FALLBACK_ENCODE,
    FALLBACK_DECODE,
    FALLBACK_CHECK,
    FALLBACK_REFUSE,
    FALLBACK_REFUSE_WRITING,
    FALLBACK_SERIALIZE,
    FALLBACK_PARSE,
    FALLBACK_PARSE_PAYLOAD,
    FALLBACK_PARSE_HEADER,
    FALLBACK_PEEK_REQUEST,
    FALLBACK_READABLE,
    FALLBACK_NEXT_EVENT,
    FALLBACK_RECEIVE_DATA,
    FALLBACK_SEND,
    FALLBACK_SEND_PARTS,
    FALLBACK_SEND_FRAME,
    FALLBACKS
};

/* The slots of a connection. */
enum {
    SLOT_RAW,
    SLOT_NUMBER,
    SLOT_STATES,
    SLOT_BUFFER,
    SLOT_START,
    SLOT_SKIP,
    SLOT_HEADER,
    SLOT_EOF,
    SLOT_CLOSED,
    SLOT_RUNS,
    SLOT_IS_DOUBTFUL,
    SLOT_MAX_OPEN,
    CONNECTION_SLOTS
};

/* Keys that are kept: see `keys.h`. */
#define KEY_PLACES 1024

/* Objects that a Home owns, by their places: NULL until they are bound. */
enum {
    HEADER_TYPE = FALLBACKS,
    PEEK_TYPE,
    ENCODED_TYPE,
    ROOM_TYPE,
    CONNECTION_TYPE,
    FRAME_EVENT_TYPE,
    MESSAGE_EVENT_TYPE,
    NEED_DATA,
    NO_BYTES,
    ZERO,
    STATE_NAMES,
    MESSAGE_TYPES = STATE_NAMES + STATES,
    KEPT_KEYS = MESSAGE_TYPES + MESSAGES,
    OWNED = KEPT_KEYS + KEY_PLACES
};

typedef struct Home {
    _Atomic(PyInterpreterState *) interpreter; /* NULL while it is nobody's */
    struct Home *next;
    Py_ssize_t modules; /* that the interpreter has of this */
    PyObject *owned[OWNED];
    /* Where the slots of messages and connections lie. */
    Py_ssize_t field_offsets[MESSAGES][MAX_FIELDS];
    Py_ssize_t slot_offsets[CONNECTION_SLOTS];
} Home;

static _Atomic(Home *) homes;
/* Of whoever has none: nothing is bound. */
static Home unbound;

#ifdef __linux__
#define IN_THREAD static _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define IN_THREAD static _Thread_local
#endif
IN_THREAD Home *home = &unbound;

COLD Home *home_of(PyInterpreterState *interpreter) {
    for (Home *one = atomic_load(&homes); one != NULL; one = one->next) {
        if (atomic_load(&one->interpreter) == interpreter) {
            return one;
        }
    }
    return &unbound;
}

INLINE void enter(void) {
    PyInterpreterState *current = PyInterpreterState_Get();
    if (UNLIKELY(atomic_load_explicit(&home->interpreter, memory_order_relaxed) != current)) {
        home = home_of(current);
    }
}

/* One that nobody has, or a new one; NULL with an exception. */
static Home *home_new(PyInterpreterState *interpreter) {
    for (Home *one = atomic_load(&homes); one != NULL; one = one->next) {
        PyInterpreterState *nobody = NULL;
        if (atomic_compare_exchange_strong(&one->interpreter, &nobody, interpreter)) {
            return one;
        }
    }
    Home *made = PyMem_RawCalloc(1, sizeof(Home));
    if (made == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    atomic_store(&made->interpreter, interpreter);
    made->next = atomic_load(&homes);
    while (!atomic_compare_exchange_weak(&homes, &made->next, made)) {
    }
    return made;
}

/* Have a Home for this interpreter, once more; 0, or -1 with an exception. */
static int home_begin(void) {
    PyInterpreterState *current = PyInterpreterState_Get();
    Home *found = home_of(current);
    if (found == &unbound) {
        found = home_new(current);
    }
    if (found == NULL) {
        return -1;
    }
    found->modules += 1;
    return 0;
}

/* The Home of an interpreter that ends before the process does; the main one's stays whole: what is
   closed last may still send. */
INLINE Home *home_that_ends(void) {
    PyInterpreterState *current = PyInterpreterState_Get();
    return current == PyInterpreterState_Main() ? &unbound : home_of(current);
}

static int home_traverse(PyObject *module, visitproc visit, void *arg) {
    (void)module;
    Home *of = home_that_ends();
    for (int i = 0; of->modules == 1 && i < OWNED; i++) {
        Py_VISIT(of->owned[i]);
    }
    return 0;
}

static int home_clear(PyObject *module) {
    (void)module;
    Home *of = home_that_ends();
    for (int i = 0; of->modules == 1 && i < OWNED; i++) {
        Py_CLEAR(of->owned[i]);
    }
    return 0;
}

static void home_end(void *module) {
    Home *of = home_that_ends();
    (void)home_clear(module);
    if (of != &unbound && --of->modules == 0) {
        atomic_store(&of->interpreter, NULL);
    }
}

#define TYPE(place) ((PyTypeObject *)home->owned[place])
#define SET_OWNED(place, object) Py_XSETREF(home->owned[place], (PyObject *)(object))
