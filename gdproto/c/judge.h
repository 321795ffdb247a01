/* === Judging: what is open around a place, and what is wrong there ============================

   One loop walks over a value without recursion, however deep it is, and ends at the first key or
   value that is at fault: see `walk` in ../_generated/values.h. What is open there lies on a stack
   of its own, so that the place can be named without walking again. */

/* Bytes from which on walking over them, which touches nothing of Python's, lets others run. */
#define LONG_WALK_BYTES (256 * 1024)

/* As PyErr_NoMemory, also where others run. */
NOINLINE void no_memory(void) {
    PyGILState_STATE state = PyGILState_Ensure();
    PyErr_NoMemory();
    PyGILState_Release(state);
}

NOINLINE int skip_value(Reader *r);

/* As skip_value, letting others run meanwhile where it takes long. */
INLINE int skip_long_value(Reader *r) {
    if (LIKELY(left(r) < LONG_WALK_BYTES)) {
        return skip_value(r);
    }
    PyThreadState *aside = PyEval_SaveThread();
    int failed = skip_value(r);
    PyEval_RestoreThread(aside);
    return failed;
}

/* Keys that have been seen, where they stand: a few in their order, more by their hash. */
#define FEW_KEYS 8

typedef struct {
    const uint8_t *data; /* NULL where there is none */
    uint32_t size, hash;
} SeenKey;

typedef struct {
    size_t used, places; /* a power of 2 */
    SeenKey keys[];
} Seen;

#if PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000
/* Python 3.13 has it, but no header that says so, and compilers refuse what is not declared. */
extern Py_hash_t _Py_HashBytes(const void *, Py_ssize_t);
#endif

INLINE uint32_t hash_of(const uint8_t *data, size_t size) {
#if PY_VERSION_HEX >= 0x030E0000
    return (uint32_t)Py_HashBuffer(data, (Py_ssize_t)size);
#else
    return (uint32_t)_Py_HashBytes(data, (Py_ssize_t)size);
#endif
}

static Seen *seen_new(size_t places) {
    Seen *seen = PyMem_RawCalloc(1, sizeof(Seen) + places * sizeof(SeenKey));
    if (seen == NULL) {
        no_memory();
        return NULL;
    }
    seen->places = places;
    return seen;
}

/* Add a key by its hash; whether it is there already. */
INLINE int seen_by_hash(Seen *seen, SeenKey key) {
    size_t at = key.hash & (seen->places - 1);
    for (; seen->keys[at].data != NULL; at = (at + 1) & (seen->places - 1)) {
        const SeenKey *other = &seen->keys[at];
        if (other->hash == key.hash && other->size == key.size &&
            memcmp(other->data, key.data, key.size) == 0) {
            return 1;
        }
    }
    seen->keys[at] = key;
    seen->used += 1;
    return 0;
}

/* As many keys again with room for more; NULL with an exception. */
NOINLINE Seen *seen_grow(Seen *seen) {
    Seen *grown = seen_new(seen->places * 4);
    for (size_t i = 0; grown != NULL && i < seen->places; i++) {
        SeenKey key = seen->keys[i];
        if (key.data != NULL) {
            key.hash = seen->places == FEW_KEYS ? hash_of(key.data, key.size) : key.hash;
            (void)seen_by_hash(grown, key);
        }
    }
    return grown;
}

/* Add a key: whether it is there already, or -1 with an exception. */
INLINE int seen_add(Seen **place, const uint8_t *data, size_t size) {
    Seen *seen = *place;
    if (LIKELY(seen->places == FEW_KEYS && seen->used < FEW_KEYS)) {
        for (size_t i = 0; i < seen->used; i++) {
            if (seen->keys[i].size == size && same_short(seen->keys[i].data, data, size)) {
                return 1;
            }
        }
        seen->keys[seen->used++] = (SeenKey){data, (uint32_t)size, 0};
        return 0;
    }
    if (seen->used * 2 >= seen->places) {
        Seen *grown = seen_grow(seen);
        if (grown == NULL) {
            return -1;
        }
        PyMem_RawFree(seen);
        *place = seen = grown;
    }
    return seen_by_hash(seen, (SeenKey){data, (uint32_t)size, hash_of(data, size)});
}

typedef struct {
    int64_t count, left; /* elements in all, and those that have not begun */
    int64_t room;        /* where the bytes end that it may take: what follows is owed to others */
    PyObject *made;      /* what is being built, which belongs to what is around it; or NULL */
    Seen *keys;          /* of a dict that is not built and has several: those so far; or NULL */
    const uint8_t *key;  /* of the value at hand; NULL in a list, and before it has been judged */
    size_t key_size;
    int is_dict;
} Open;

#define FIRST_PLACES 16

typedef struct {
    Open *open; /* the outermost first; that one holds the value itself */
    int depth, places;
    int outside;     /* how many containers are open around the value */
    Open here;       /* at a fault: what holds the key or value at hand */
    int64_t at;      /* where that begins */
    int is_again;    /* it is a key that the dict has already */
    int is_no_text;  /* its text is not UTF-8 */
    int is_routing;  /* step over what does not route a REQUEST */
    int is_cut;      /* nothing more was to be found: the rest was not read */
    int64_t found[ROUTING_FIELDS]; /* where those that do begin; 0 for none */
    PyObject *root;  /* what is built */
    Seen *spare;     /* without keys, or NULL */
    Open first[FIRST_PLACES];
} Judge;

INLINE void judge_init(Judge *j) {
    j->open = j->first;
    j->places = FIRST_PLACES;
    j->depth = j->outside = 0;
    j->is_again = j->is_no_text = j->is_routing = j->is_cut = 0;
    j->root = NULL;
    j->spare = NULL;
    j->here.keys = NULL;
    memset(j->found, 0, sizeof(j->found));
}

static void judge_close(Judge *j) {
    for (int i = 0; i < j->depth; i++) {
        PyMem_RawFree(j->open[i].keys);
    }
    PyMem_RawFree(j->here.keys);
    PyMem_RawFree(j->spare);
    if (j->open != j->first) {
        PyMem_RawFree(j->open);
    }
}

NOINLINE int judge_grow(Judge *j) {
    int places = j->places * 2;
    Open *grown = PyMem_RawMalloc((size_t)places * sizeof(Open));
    if (grown == NULL) {
        no_memory();
        return -1;
    }
    memcpy(grown, j->open, (size_t)j->depth * sizeof(Open));
    if (j->open != j->first) {
        PyMem_RawFree(j->open);
    }
    j->open = grown;
    j->places = places;
    return 0;
}

/* Something is open inside of `o`. */
INLINE int judge_open(Judge *j, const Open *o) {
    if (UNLIKELY(j->depth == j->places) && judge_grow(j) < 0) {
        return -1;
    }
    j->open[j->depth++] = *o;
    return 0;
}

/* A place for the keys of a dict. */
INLINE Seen *judge_keys(Judge *j) {
    Seen *keys = j->spare;
    j->spare = NULL;
    return keys != NULL ? keys : seen_new(FEW_KEYS);
}

INLINE void judge_forget(Judge *j, Seen *keys) {
    if (j->spare == NULL && keys->places == FEW_KEYS) {
        keys->used = 0;
        j->spare = keys;
    } else {
        PyMem_RawFree(keys);
    }
}

/* Whether a key is text, and not there already. */
INLINE int judge_key(Judge *j, Open *o, const uint8_t *data, size_t size) {
    if (UNLIKELY(!is_text(data, size))) {
        j->is_no_text = 1;
        return 0;
    }
    int seen = o->keys == NULL ? 0 : seen_add(&o->keys, data, size);
    j->is_again = seen > 0;
    return seen == 0;
}

/* Put what was built, which may be NULL, where it belongs. */
INLINE int judge_put(Judge *j, const Open *o, PyObject *key, PyObject *value) {
    if (UNLIKELY(value == NULL)) {
        return -1;
    }
    if (o->is_dict) {
        int failed = dict_set(o->made, key, value);
        Py_DECREF(value);
        return failed;
    }
    if (o->made != NULL) {
        PyList_SET_ITEM(o->made, o->count - o->left - 1, value);
    } else {
        j->root = value;
    }
    return 0;
}

/* A key, as far as a path may show it: to make more of a long one would keep everybody waiting. */
static PyObject *judge_step(const uint8_t *key, size_t size) {
    if (UNLIKELY(size > MAX_PATH_CHARS * 4)) {
        size = MAX_PATH_CHARS * 4;
        while ((key[size] & 0xC0) == 0x80) {
            size -= 1;
        }
    }
    return read_text(key, size);
}

/* What leads to the key or value at fault: keys and indexes, as many as a path may have. */
static PyObject *judge_location(const Judge *j) {
    PyObject *location = PyList_New(0);
    for (int i = 1; location != NULL && i <= j->depth && i <= MAX_PATH_CHARS; i++) {
        const Open *o = i < j->depth ? &j->open[i] : &j->here;
        if (o->is_dict && o->key == NULL) {
            break;
        }
        PyObject *step = o->is_dict ? judge_step(o->key, o->key_size)
                                    : PyLong_FromLongLong(o->count - o->left - 1);
        if (step == NULL || PyList_Append(location, step) < 0) {
            Py_CLEAR(location);
        }
        Py_XDECREF(step);
    }
    return location;
}
