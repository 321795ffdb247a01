/* === GD/1 in C =================================================================================

   This codec handles what is common and right, fast. Whatever it cannot vouch for is a DOUBT: a
   failure (-1 or NULL) without an exception set. The exported function then calls the Python
   codec with the same arguments, which finds the exact fault or the exact answer. A failure with
   an exception set, such as MemoryError, is passed on.

   All of it is one translation unit, so that the compiler sees through it: the headers beside this
   file, and those of ../_generated/, which the spec compiler prints.

   No Python code runs between the first byte and the last: only exact types and the storage of
   subclasses are read, so nothing changes under our hands while the GIL is held. Where there is none,
   `alone.h` sees to that. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define DOUBT (-1)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define COLD static __attribute__((noinline, cold))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* What is certainly at fault, in what is otherwise left in doubt. */
#define FAULT (-2)
/* Deeper values are walked over without recursion: a thread's stack may be small, and a level takes
   some 200 bytes of it. */
#define MAX_C_DEPTH 64
#define DEPTH (MAX_DEPTH < MAX_C_DEPTH ? MAX_DEPTH : MAX_C_DEPTH)

#include "numbers.h"
#include "bytes.h"
#include "../_generated/tables.h"
#include "home.h"
#include "writer.h"
#include "reader.h"
#include "text.h"
#include "keys.h"
#include "judge.h"
#include "alone.h"
#include "odd_keys.h"
#include "../_generated/values.h"
#include "few.h"
#include "../_generated/messages.h"

#include "functions.h"
#include "connection.h"
#include "apart.h"

/* === The module ============================================================================== */

/* Where the slots called `names` lie in objects of a class. */
static int bind_slots(PyObject *type, const char *const *names, int count, Py_ssize_t *offsets) {
    for (int i = 0; i < count && names[i] != NULL; i++) {
        PyObject *slot = PyObject_GetAttrString(type, names[i]);
        if (slot == NULL) {
            return -1;
        }
        int is_slot = Py_IS_TYPE(slot, &PyMemberDescr_Type);
        offsets[i] = is_slot ? ((PyMemberDescrObject *)slot)->d_member->offset : 0;
        Py_DECREF(slot);
        if (!is_slot) {
            PyErr_Format(PyExc_TypeError, "%s is no slot", names[i]);
            return -1;
        }
    }
    return 0;
}

static int bind_fallbacks(PyObject *functions, int first, int stop) {
    for (int i = first; i < stop; i++) {
        PyObject *function = PyDict_GetItemString(functions, fallback_names[i]);
        if (function == NULL) {
            PyErr_Format(PyExc_KeyError, "no function for %s", fallback_names[i]);
            return -1;
        }
        SET_OWNED(i, Py_NewRef(function));
    }
    return 0;
}

static PyObject *codec_bind(PyObject *module, PyObject *args) {
    (void)module;
    enter();
    PyObject *messages, *header, *peek, *encoded, *functions;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!:bind", &PyDict_Type, &messages, &PyType_Type, &header,
                          &PyType_Type, &peek, &PyType_Type, &encoded, &PyDict_Type, &functions)) {
        return NULL;
    }
    if (bind_fallbacks(functions, 0, FALLBACK_NEXT_EVENT) < 0) {
        return NULL;
    }
    for (int i = 0; i < MESSAGES; i++) {
        PyObject *code = PyLong_FromLong(message_codes[i]);
        PyObject *type = code ? PyDict_GetItemWithError(messages, code) : NULL;
        Py_XDECREF(code);
        if (type == NULL || !PyType_Check(type)) {
            return PyErr_Occurred() ? NULL
                                    : PyErr_Format(PyExc_KeyError, "no class for %d", message_codes[i]);
        }
        if (bind_slots(type, field_names[i], MAX_FIELDS, home->field_offsets[i]) < 0) {
            return NULL;
        }
        SET_OWNED(MESSAGE_TYPES + i, Py_NewRef(type));
    }
    SET_OWNED(HEADER_TYPE, Py_NewRef(header));
    SET_OWNED(PEEK_TYPE, Py_NewRef(peek));
    SET_OWNED(ENCODED_TYPE, Py_NewRef(encoded));
    Py_RETURN_NONE;
}

static PyObject *codec_bind_connection(PyObject *module, PyObject *args) {
    (void)module;
    enter();
    PyObject *type, *frame_event, *message_event, *nothing, *states, *functions;
    if (!PyArg_ParseTuple(args, "O!O!O!OO!O!:bind_connection", &PyType_Type, &type, &PyType_Type,
                          &frame_event, &PyType_Type, &message_event, &nothing, &PyTuple_Type,
                          &states, &PyDict_Type, &functions)) {
        return NULL;
    }
    if (PyTuple_GET_SIZE(states) != STATES) {
        return PyErr_Format(PyExc_ValueError, "%d states are needed", STATES);
    }
    for (int i = 0; i < STATES; i++) {
        SET_OWNED(STATE_NAMES + i, Py_NewRef(PyTuple_GET_ITEM(states, i)));
    }
    if (bind_slots(type, slot_names, CONNECTION_SLOTS, home->slot_offsets) < 0 ||
        bind_fallbacks(functions, FALLBACK_NEXT_EVENT, FALLBACKS) < 0) {
        return NULL;
    }
    SET_OWNED(ZERO, PyLong_FromLong(0));
    SET_OWNED(NO_BYTES, PyBytes_FromStringAndSize(NULL, 0));
    SET_OWNED(NEED_DATA, Py_NewRef(nothing));
    SET_OWNED(CONNECTION_TYPE, Py_NewRef(type));
    SET_OWNED(FRAME_EVENT_TYPE, Py_NewRef(frame_event));
    SET_OWNED(MESSAGE_EVENT_TYPE, Py_NewRef(message_event));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"encode", (PyCFunction)(void (*)(void))codec_encode, METH_FASTCALL | METH_KEYWORDS,
     "encode($module, value, /)\n--\n\nEncode one value; see gdproto.tlv.encode."},
    {"encode_payload", codec_encode_payload, METH_O,
     "encode_payload($module, value, /)\n--\n\nEncode what a frame may carry; None in doubt."},
    {"decode", (PyCFunction)(void (*)(void))codec_decode, METH_FASTCALL | METH_KEYWORDS,
     "decode($module, data, /, *, zero_copy=False)\n--\n\nDecode one value; see gdproto.tlv.decode."},
    {"check", (PyCFunction)(void (*)(void))codec_check, METH_FASTCALL | METH_KEYWORDS,
     "check($module, data, /)\n--\n\nCheck one value; see gdproto.tlv.check."},
    {"check_at", (PyCFunction)(void (*)(void))codec_check_at, METH_FASTCALL,
     "check_at($module, data, at, /)\n--\n\n"
     "Where the value at a place ends, which is right; see gdproto.strict.check."},
    {"spans", (PyCFunction)(void (*)(void))codec_spans, METH_FASTCALL,
     "spans($module, data, at, names, /)\n--\n\n"
     "Where the values of these keys begin and end; see gdproto.stepping.spans."},
    {"route", (PyCFunction)(void (*)(void))codec_route, METH_FASTCALL,
     "route($module, data, at, /)\n--\n\n"
     "Where the fields begin by which a REQUEST is routed; see gdproto.strict.route."},
    {"parse", (PyCFunction)(void (*)(void))codec_parse, METH_FASTCALL | METH_KEYWORDS,
     "parse($module, data, /, *, zero_copy=False)\n--\n\n"
     "Parse one whole frame; see gdproto.messages.parse."},
    {"parse_payload", (PyCFunction)(void (*)(void))codec_parse_payload,
     METH_FASTCALL | METH_KEYWORDS,
     "parse_payload($module, header, data, start=0)\n--\n\n"
     "The message of a payload; see gdproto.messages.parse_payload."},
    {"parse_header", (PyCFunction)(void (*)(void))codec_parse_header, METH_FASTCALL | METH_KEYWORDS,
     "parse_header($module, data, offset=0)\n--\n\n"
     "Judge a header; see gdproto.frames.parse_header."},
    {"peek_request", (PyCFunction)(void (*)(void))codec_peek_request, METH_FASTCALL | METH_KEYWORDS,
     "peek_request($module, payload, start=0, max_bytes=None)\n--\n\n"
     "What routing needs of a REQUEST; see gdproto.messages.peek_request."},
    {"begin_value", (PyCFunction)(void (*)(void))codec_begin_value, METH_FASTCALL,
     "begin_value($module, data, start, least, /)\n--\n\n"
     "The place in a frame, the object and its room, of a bytes value that has begun."},
    {"parse_around", (PyCFunction)(void (*)(void))codec_parse_around, METH_FASTCALL,
     "parse_around($module, frame, at, value, /)\n--\n\n"
     "Parse a frame without a value that belongs at a place in it; None in doubt."},
    {"bind", codec_bind, METH_VARARGS,
     "bind($module, messages, header, peek, encoded, functions, /)\n--\n\n"
     "Say what to build, and whom to ask in doubt.\n\n"
     "messages: message classes by code. header, peek: the classes of what parse_header and\n"
     "peek_request return. encoded: that of bytes to be written as they are. functions: the\n"
     "Python codec's functions by name."},
    {"bind_connection", codec_bind_connection, METH_VARARGS,
     "bind_connection($module, connection, frame_received, message_received, need_data, states,\n"
     "                functions, /)\n--\n\n"
     "The same for connections; states are the names of the states, in order."},
    {NULL, NULL, 0, NULL},
};

/* Methods of classes written in Python: descriptors, so that no Python frame stands between. */
static PyMethodDef methods[] = {
    {"to_bytes", message_to_bytes, METH_NOARGS,
     "to_bytes($self, /)\n--\n\nThe message as one frame; see gdproto.Message.to_bytes."},
    {"next_event", connection_next_event, METH_NOARGS,
     "next_event($self, /)\n--\n\nThe next event; see gdproto.Connection.next_event."},
    {"receive_data", connection_receive_data, METH_O,
     "receive_data($self, data, /)\n--\n\nTake bytes; see gdproto.Connection.receive_data."},
    {"send", connection_send, METH_O,
     "send($self, message, /)\n--\n\nThe bytes of a message; see gdproto.Connection.send."},
    {"send_parts", connection_send_parts, METH_O,
     "send_parts($self, message, /)\n--\n\n"
     "The bytes of a message in parts; see gdproto.Connection.send_parts."},
    {"send_frame", (PyCFunction)(void (*)(void))connection_send_frame,
     METH_FASTCALL | METH_KEYWORDS,
     "send_frame($self, frame, header=None)\n--\n\n"
     "Send an undecoded frame; see gdproto.Connection.send_frame."},
    {NULL, NULL, 0, NULL},
};

static int exec_module(PyObject *module) {
    if (home_begin() < 0) {
        return -1;
    }
    enter();
    SET_OWNED(ROOM_TYPE, PyType_FromModuleAndSpec(module, &room_spec, NULL));
    if (TYPE(ROOM_TYPE) == NULL) {
        return -1;
    }
    for (PyMethodDef *method = methods; method->ml_name != NULL; method++) {
        PyObject *descriptor = PyDescr_NewMethod(&PyBaseObject_Type, method);
        if (descriptor == NULL) {
            return -1;
        }
        int failed = PyModule_AddObjectRef(module, method->ml_name, descriptor);
        Py_DECREF(descriptor);
        if (failed) {
            return -1;
        }
    }
    return PyModule_AddStringConstant(module, "SPEC_HASH", SPEC_HASH);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_codec",
    .m_doc = "GD/1 in C: values, messages and connections.",
    .m_size = 0,
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = home_traverse,
    .m_clear = home_clear,
    .m_free = home_end,
};

PyMODINIT_FUNC PyInit__codec(void) { return PyModuleDef_Init(&definition); }
