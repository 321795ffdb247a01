"""Answers: what each question is answered by, with the fields of what comes back.

A question is a message that an arbiter or a worker answers by itself. Its operations are declared
here once: documentation, types, tables, and the functions with which programs ask are made from
them. An answer is a value like any other, so who reads one accepts keys that it does not know:
GD-MSG-028.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Type:
    """What a value of an answer is.

    Attributes:
        kind: none, bool, integer, float, bytes, string, list or dict; or `any`; or `scalar`, all
            but list and dict; or `number`, an integer or a float; or `form`, a dict with the fields
            of `form`.
        of: what a list, or a dict of any keys, holds.
    """

    kind: str
    of: Type | None = None
    form: Form | None = None


@dataclass(frozen=True)
class FormField:
    """One field of a form.

    Attributes:
        name: its key on the wire.
        type: what stands there: GD-MSG-043.
        meaning: one phrase for the tables.
        core: whether it stands in every such answer; who reads must do without any other:
            GD-MSG-044.
        unit: of a number; empty for what is counted.
    """

    name: str
    type: Type
    meaning: str
    core: bool = False
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True)
class Form:
    """A dict with fields: its name in programs, and one phrase for the tables."""

    name: str
    meaning: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class Parameter:
    """A field of the question's message that an operation takes.

    Attributes:
        required: whether the operation means nothing without it.
        max_bytes: how long its text or bytes may be; 0 for as long as the frame permits.
    """

    name: str
    required: bool = True
    max_bytes: int = 0


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked.

    Attributes:
        name: lower case, as in the text.
        code: the message's `op`; 0 where the message has none.
        parameters: what it takes, in the order in which programs name it, optional ones last.
        result: what RESPONSE carries.
        meaning: one phrase: what it does, or what it returns.
        errors: error types that it may answer with, each with the case in which it does.
        or_default: whether a program may name what it gets in place of these errors.
    """

    name: str
    code: int
    parameters: tuple[Parameter, ...]
    result: Type
    meaning: str
    errors: Mapping[str, str] = field(default_factory=dict)
    or_default: bool = False


@dataclass(frozen=True)
class Question:
    """A message that is answered without an app.

    Attributes:
        message: its name.
        answerer: arbiter or worker.
    """

    message: str
    answerer: str
    operations: tuple[Operation, ...]


ANY, SCALAR, NUMBER = Type("any"), Type("scalar"), Type("number")
BOOL, INT, TEXT = Type("bool"), Type("integer"), Type("string")


def list_of(what: Type) -> Type:
    return Type("list", of=what)


def dict_of(what: Type) -> Type:
    return Type("dict", of=what)


def a(form: Form) -> Type:
    return Type("form", form=form)


# --- STATUS ------------------------------------------------------------------------------------

CALL_STATUS = Form(
    "CallStatus",
    "A request that runs or waits, as its arbiter sees it.",
    (
        FormField("call", INT, "its number, by which the arbiter knows it", core=True),
        FormField("app", TEXT, "the app that it is for", core=True),
        FormField("action", TEXT, "what is called on it", core=True),
        FormField("age", NUMBER, "since it arrived", core=True, unit="seconds"),
        FormField("ran", NUMBER, "since a worker has it", unit="seconds", nullable=True),
        FormField("request_id", TEXT, "the client's id of it, in decimal digits"),
        FormField("client_pid", INT, "the process of the client; 0 where it is not known"),
        FormField("client_user", INT, "the number of the client's user"),
        FormField("slot", INT, "the place of the worker that runs it", nullable=True),
        FormField("worker", INT, "the process of that worker", nullable=True),
    ),
)
WORKER_LIMITS = Form(
    "WorkerLimits",
    "What a worker, and all that it starts, may take of its machine.",
    (
        FormField("memory", INT, "beyond which it gets none", unit="bytes", nullable=True),
        FormField(
            "memory_by",
            TEXT,
            "what that counts: `addresses` of each process, or `cgroup`, the memory of all",
            nullable=True,
        ),
        FormField("nice", INT, "niceness that it has more than its arbiter"),
        FormField("cpus", list_of(INT), "the CPUs that it may use; none where it may use any"),
    ),
)
WORKER_STATUS = Form(
    "WorkerStatus",
    "A worker as its arbiter sees it.",
    (
        FormField("pid", INT, "the process", core=True),
        FormField("age", INT, "its number, counted from the arbiter's start", core=True),
        FormField("apps", list_of(TEXT), "the apps that it is to serve", core=True),
        FormField("booted", BOOL, "whether it serves", core=True),
        FormField(
            "last_heartbeat", NUMBER, "since it was heard", core=True, unit="seconds", nullable=True
        ),
        FormField("slot", INT, "the place that it fills, which its successor takes"),
        FormField("state", TEXT, "what it is doing in its life, in a word"),
        FormField("busy", INT, "how many requests it runs"),
        FormField("lanes", INT, "how many it can run at once"),
        FormField("private_bytes", INT, "memory that it alone has", unit="bytes", nullable=True),
        FormField("shared_bytes", INT, "memory that others have, too", unit="bytes", nullable=True),
        FormField(
            "pss_bytes",
            INT,
            "its share of the memory: what several have, by how many they are",
            unit="bytes",
            nullable=True,
        ),
        FormField("template", INT, "the process with its apps that it is a copy of", nullable=True),
        FormField(
            "resources", dict_of(dict_of(NUMBER)), "the part that it has of each id, by resource"
        ),
        FormField("node", TEXT, "the node of a cluster that it is on", nullable=True),
        FormField("actor", TEXT, "by which that cluster knows it", nullable=True),
        FormField("waits", TEXT, "why it has no place in a cluster yet", nullable=True),
        FormField("uptime", NUMBER, "since it was started", unit="seconds"),
        FormField("heard", list_of(NUMBER), "since each lane was heard", unit="seconds"),
        FormField("calls", INT, "requests that it has answered"),
        FormField("errors", INT, "of these, how many by an ERROR"),
        FormField("running", list_of(a(CALL_STATUS)), "what it runs"),
        FormField(
            "limits", a(WORKER_LIMITS), "what it may take, where that is known", nullable=True
        ),
    ),
)
APP_LIMITS = Form(
    "AppLimits",
    "How long calls of an app may take.",
    (
        FormField(
            "timeout",
            NUMBER,
            "of silence within a call; none for any",
            unit="seconds",
            nullable=True,
        ),
        FormField(
            "max_run", NUMBER, "of a call as a whole; none for any", unit="seconds", nullable=True
        ),
    ),
)
DRAINING = Form(
    "Draining",
    "What an arbiter that stops waits for.",
    (
        FormField("running", INT, "requests that run", core=True),
        FormField("waiting", INT, "requests that wait", core=True),
        FormField("left", NUMBER, "until they are given up", core=True, unit="seconds"),
    ),
)
PERCENTILES = Form(
    "Percentiles",
    "Below which time so many of a hundred lie.",
    (
        FormField("p50", NUMBER, "half of them", core=True, unit="seconds"),
        FormField("p95", NUMBER, "95 of a hundred", core=True, unit="seconds"),
        FormField("p99", NUMBER, "99 of a hundred", core=True, unit="seconds"),
    ),
)
HISTOGRAM = Form(
    "Histogram",
    "How often which numbers were seen.",
    (
        FormField("counts", list_of(INT), "by bucket; the last is above all bounds", core=True),
        FormField("sum", NUMBER, "of all numbers", core=True),
    ),
)
BUCKETS = Form(
    "Buckets",
    "The bounds of histograms, ascending; a bound is in the bucket that it ends.",
    (
        FormField("seconds", list_of(NUMBER), "of times", core=True, unit="seconds"),
        FormField("bytes", list_of(NUMBER), "of sizes", core=True, unit="bytes"),
    ),
)
ACTION_STATUS = Form(
    "ActionStatus",
    "What is counted of one action of an app, or of all actions without counts of their own.",
    (
        FormField("app", TEXT, "the app", core=True),
        FormField("action", TEXT, "the action", core=True),
        FormField("outcomes", dict_of(INT), "how many ended so, by message or error type"),
        FormField("running", INT, "how many run"),
        FormField("rate", NUMBER, "how many ended in a second, lately"),
        FormField("errors", NUMBER, "the part of these that failed, from 0 to 1"),
        FormField("run", a(PERCENTILES), "how long they ran, lately", nullable=True),
        FormField("wait", a(PERCENTILES), "how long they waited, lately", nullable=True),
        FormField("runs", a(HISTOGRAM), "how long all ran, in seconds"),
        FormField("waits", a(HISTOGRAM), "how long all waited, in seconds"),
        FormField("sizes", a(HISTOGRAM), "how large the requests were, in bytes"),
    ),
)
STATUS_ANSWER = Form(
    "StatusAnswer",
    "The state of an arbiter, its workers and its queues.",
    (
        FormField("arbiter_pid", INT, "the process", core=True),
        FormField("workers", list_of(a(WORKER_STATUS)), "the workers, oldest first", core=True),
        FormField("worker_count", INT, "how many there are", core=True),
        FormField("apps", list_of(TEXT), "the apps that are served", core=True),
        FormField("protocol", TEXT, "the protocol and its version"),
        FormField("version", TEXT, "the program's version"),
        FormField("extensions", list_of(TEXT), "the extensions that it takes"),
        FormField("uptime", NUMBER, "since it started", unit="seconds"),
        FormField("target_workers", INT, "how many workers there are to be"),
        FormField("threads", INT, "how many requests a worker runs at once"),
        FormField("clients", INT, "connections of clients"),
        FormField("restarts", INT, "workers that were started in place of others"),
        FormField("restart_reasons", dict_of(INT), "how many of these, by the reason in a word"),
        FormField("actions", list_of(a(ACTION_STATUS)), "what is counted, by app and action"),
        FormField("lately", NUMBER, "how long lately is", unit="seconds"),
        FormField("buckets", a(BUCKETS), "those of the histograms"),
        FormField("queues", dict_of(INT), "waiting requests, by app"),
        FormField("waits", dict_of(NUMBER), "how long the oldest waits, by app", unit="seconds"),
        FormField("waiting_bytes", INT, "what the waiting requests take", unit="bytes"),
        FormField("passed_bytes", INT, "memory by reference of what is under way", unit="bytes"),
        FormField("stash_bytes", INT, "what the stash takes", unit="bytes"),
        # GD-MSG-073
        FormField(
            "resources", dict_of(dict_of(NUMBER)), "the part of each id that is given, by resource"
        ),
        FormField("down", dict_of(TEXT), "why an app is put aside, by app"),
        FormField("last_boot_error", TEXT, "why the last worker did not boot; empty if it did"),
        FormField("reloading", BOOL, "whether a reload is under way"),
        FormField("reload_failure", TEXT, "why the last reload failed; empty if it did not"),
        FormField("upgrading", BOOL, "whether an arbiter boots that is to follow this one"),
        FormField("upgrade_failure", TEXT, "why the last one did not follow; empty if it did"),
        FormField("log_dropped", INT, "lines of its log that nobody took in time"),
        FormField("limits", dict_of(a(APP_LIMITS)), "how long calls may take, by app"),
        FormField(
            "silent",
            dict_of(NUMBER),
            "of several arbiters, how long those say nothing that do not answer, by number",
            unit="seconds",
        ),
        FormField("draining", a(DRAINING), "of one that stops, what it waits for", nullable=True),
    ),
)
APP_ATTRIBUTES = Form(
    "AppAttributes",
    "What an app asks of the arbiter.",
    (
        FormField("workers", INT, "how many workers load it; none for all", nullable=True),
        FormField("stashes", list_of(TEXT), "shared tables that are to be there"),
        FormField("kill_on_cancel", BOOL, "whether a worker ends whose call is given up"),
        FormField("concurrency", INT, "how many of its calls a lane of its own takes at once"),
        FormField("fill", INT, "how many calls a worker gets before another; 0 to spread them"),
        FormField("preload", BOOL, "whether it is loaded once, and workers are forked from that"),
        FormField("resources", dict_of(NUMBER), "how many ids of each resource it takes"),
    ),
)
WORKER_ANSWER = Form(
    "WorkerAnswer",
    "What a worker is, told when its apps are initialised.",
    (
        FormField("pid", INT, "the process", core=True),
        FormField("apps", list_of(TEXT), "the apps that it serves", core=True),
        FormField("version", TEXT, "the program's version", core=True),
        FormField("extensions", list_of(TEXT), "the extensions that it takes", core=True),
        # GD-ROLE-021 GD-ROLE-022
        FormField("concurrency", INT, "how many requests it runs at once"),
        FormField("exchanges", INT, "how many exchanges it takes at once on this lane"),
        FormField("lane_apps", list_of(TEXT), "the apps that are called on this lane"),
        FormField("attributes", dict_of(a(APP_ATTRIBUTES)), "what its apps ask for, by app"),
    ),
)

# --- MANAGE ------------------------------------------------------------------------------------

WORKER_STACKS = Form(
    "WorkerStacks",
    "Where the threads and tasks of a worker are.",
    (
        FormField("slot", INT, "the place that it fills", core=True),
        FormField("worker", INT, "its process", core=True),
        FormField("threads", TEXT, "the stacks of its threads; empty if it tells none", core=True),
        FormField("tasks", TEXT, "those of its tasks; none if nobody answered", nullable=True),
        FormField("running", list_of(a(CALL_STATUS)), "what it runs"),
    ),
)
MANAGE_ANSWER = Form(
    "ManageAnswer",
    "What was done, told when the processes are started or told to stop.",
    (
        FormField("success", BOOL, "whether the operation was done", core=True),
        FormField("operation", TEXT, "its name", core=True),
        FormField("requested", INT, "the count that was asked for", core=True),
        FormField("spawned", INT, "how many workers were started"),
        FormField("removed", INT, "how many workers were told to stop"),
        FormField("reason", TEXT, "why less was done than asked"),
        FormField("calls", list_of(a(CALL_STATUS)), "what runs and waits, the oldest first"),
        FormField("left_out", INT, "how many more wait than `calls` lists"),
        FormField("stacks", list_of(a(WORKER_STACKS)), "of the workers that were asked for"),
        FormField("slot", INT, "the place of the worker that it was done to"),
        FormField("worker", INT, "its process"),
        FormField("total_workers", INT, "how many workers there are now", core=True),
        FormField("target_workers", INT, "how many there are to be", core=True),
    ),
)
_COUNT = Parameter("count", required=False)
_MAY_NOT = {
    "DirtyPermissionError": "the user may not manage",
    "DirtyError": "the arbiter is stopping",
}
_TOO_MANY = {"DirtyProtocolError": "the count is above the bound"} | _MAY_NOT
_NOT_THERE = {"DirtyProtocolError": "there is no such worker or request"} | _MAY_NOT
MANAGE = (
    Operation("add", 1, (_COUNT,), a(MANAGE_ANSWER), "Start `count` workers more.", _TOO_MANY),
    # GD-MSG-031
    Operation("remove", 2, (_COUNT,), a(MANAGE_ANSWER), "Stop `count` workers.", _MAY_NOT),
    Operation(
        "reload", 3, (), a(MANAGE_ANSWER), "Replace the workers by ones with new code.", _MAY_NOT
    ),
    Operation("set", 4, (_COUNT,), a(MANAGE_ANSWER), "Have `count` workers.", _TOO_MANY),
    Operation("calls", 5, (), a(MANAGE_ANSWER), "List what runs and what waits.", _MAY_NOT),
    Operation(
        "stacks",
        6,
        (Parameter("slot", required=False),),
        a(MANAGE_ANSWER),
        "Where the threads and tasks of the worker in `slot` are, or of all workers.",
        _NOT_THERE,
    ),
    Operation(
        "kill",
        7,
        (Parameter("slot", required=False), Parameter("call", required=False)),
        a(MANAGE_ANSWER),
        "End the worker in `slot` now, or `call`, with the worker that runs it.",
        _NOT_THERE,
    ),
    Operation(
        "recycle",
        8,
        (Parameter("slot", required=False), Parameter("call", required=False)),
        a(MANAGE_ANSWER),
        "Replace the worker in `slot`, or that of `call`, when a successor is ready.",
        _NOT_THERE,
    ),
)

# --- STASH -------------------------------------------------------------------------------------

STASH_INFO = Form(
    "StashInfo",
    "What a table is.",
    (
        FormField("size", INT, "how many keys it has", core=True),
        FormField("table", TEXT, "its name", core=True),
    ),
)
STASH_ENTRY = Form(
    "StashEntry",
    "What a key is.",
    (
        FormField("version", INT, "a number that it never had with another value", core=True),
        FormField("ttl", NUMBER, "how long it lives", core=True, unit="seconds", nullable=True),
        FormField("value", ANY, "its value", core=True),
    ),
)
STASH_PAGE = Form(
    "StashPage",
    "Some of the keys of a table.",
    (
        FormField("next", SCALAR, "the `after` of the next page; none for the last", core=True),
        FormField("keys", list_of(SCALAR), "the keys", core=True),
    ),
)
STASH_CHANGE = Form(
    "StashChange",
    "One change of a table.",
    (
        FormField("kind", TEXT, "put, delete, expire, push, pop or clear", core=True),
        FormField("key", SCALAR, "the key, or the list; none for the whole table", core=True),
    ),
)
STASH_CHANGES = Form(
    "StashChanges",
    "Some of the changes of a table, in their order.",
    (
        FormField("next", SCALAR, "the `after` of the next question", core=True),
        FormField("missed", BOOL, "whether some before these may not be told", core=True),
        FormField("changes", list_of(a(STASH_CHANGE)), "the changes", core=True),
    ),
)
MAX_NAME_BYTES = 2 * 1024 * 1024
# A key, and what tells its type and its length.
MAX_PLACE_BYTES = MAX_NAME_BYTES + 5
# What it costs to match a text grows with its length times that of the pattern.
MAX_PATTERN_BYTES = 1024
_TABLE = Parameter("table", max_bytes=MAX_NAME_BYTES)
_KEY = Parameter("key", max_bytes=MAX_NAME_BYTES)  # GD-MSG-018
_VALUE = Parameter("value")  # GD-MSG-019
_TTL = Parameter("ttl", required=False)
_PATTERN = Parameter("pattern", required=False, max_bytes=MAX_PATTERN_BYTES)
_NO_ROOM = {"StashError": "there is no room"}
_MISSING = {"StashKeyNotFoundError": "the key or the table is missing"}
_WAIT = Parameter("wait", required=False)  # GD-MSG-085 GD-MSG-086 GD-MSG-087
_EMPTY = {"StashKeyNotFoundError": "the list has no items"}
STASH = (
    Operation(
        "put",
        1,
        (_TABLE, _KEY, _VALUE, _TTL),
        BOOL,
        "Store `value` under `key`.",
        _NO_ROOM,
    ),
    Operation(
        "get",
        2,
        (_TABLE, _KEY),
        ANY,
        "The value of `key`.",
        _MISSING,
        or_default=True,
    ),
    Operation("delete", 3, (_TABLE, _KEY), BOOL, "Remove `key`; false when it was missing."),
    # GD-MSG-049
    Operation(
        "keys",
        4,
        (_TABLE, _PATTERN),
        list_of(SCALAR),
        "The keys, or those strings among them that match `* ? [seq] [!seq]`.",
    ),
    Operation("clear", 5, (_TABLE,), BOOL, "Remove every key of the table."),
    Operation(
        "info",
        6,
        (_TABLE,),
        a(STASH_INFO),
        "How large the table is.",
        {"StashTableNotFoundError": "the table is missing"},
    ),
    Operation("ensure", 7, (_TABLE,), BOOL, "Have the table, if only empty.", _NO_ROOM),
    Operation("delete_table", 8, (_TABLE,), BOOL, "Remove the table; false when it was missing."),
    Operation("tables", 9, (), list_of(TEXT), "The names of all tables."),
    Operation(
        "exists",
        10,
        (_TABLE, Parameter("key", required=False, max_bytes=MAX_NAME_BYTES)),
        BOOL,
        "Whether the table has `key`; without a key, whether there is such a table.",
    ),
    Operation(
        "put_if_absent",
        11,
        (_TABLE, _KEY, _VALUE, _TTL),
        BOOL,
        "Store `value` under `key`, if it is missing; false when it was there.",
        _NO_ROOM,
    ),
    Operation(
        "pop",
        12,
        (_TABLE, _KEY),
        ANY,
        "Take out `key`: its value.",
        _MISSING,
        or_default=True,
    ),
    Operation(
        "incr",
        13,
        (
            _TABLE,
            _KEY,
            Parameter("value", required=False),
            Parameter("initial", required=False),
            _TTL,
        ),
        NUMBER,
        "Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.",
        {"StashError": "there is no number, it would be too large, or there is no room"},
    ),
    Operation(
        "touch",
        14,
        (_TABLE, _KEY, _TTL),
        BOOL,
        "Let `key` live `ttl` seconds from now, or for ever; false when it was missing.",
        _NO_ROOM,
    ),
    Operation("ttl", 15, (_TABLE, _KEY), ANY, "How long `key` lives: seconds, or none.", _MISSING),
    Operation(
        "entry",
        16,
        (_TABLE, _KEY),
        a(STASH_ENTRY),
        "The value of `key`, with its version.",
        _MISSING | _NO_ROOM,
    ),
    Operation(
        "swap",
        17,
        (_TABLE, _KEY, _VALUE, Parameter("version", required=False), _TTL),
        INT,
        "Store `value` under `key` if that has `version`, 0 for one that is missing. "
        "The new version, or 0.",
        _NO_ROOM,
    ),
    Operation(
        "get_many",
        18,
        (_TABLE, _VALUE),
        list_of(list_of(ANY)),
        "A list of key and value for each key of the list `value` that is there.",
    ),
    Operation(
        "put_many",
        19,
        (_TABLE, _VALUE, _TTL),
        BOOL,
        "Store what the list `value` has lists of, a key and its value: all of it, or nothing.",
        _NO_ROOM,
    ),
    Operation(
        "page",
        20,
        (
            _TABLE,
            _PATTERN,
            Parameter("after", required=False, max_bytes=MAX_PLACE_BYTES),
            Parameter("count", required=False),
        ),
        a(STASH_PAGE),
        "Up to `count` of the keys, as of `keys`, behind those of the page that names `after`.",
    ),
    Operation(
        "push_left",
        21,
        (_TABLE, _KEY, _VALUE),
        INT,
        "Add `value` before all items of the list `key`. How many it has then.",
        _NO_ROOM,
    ),
    Operation(
        "push_right",
        22,
        (_TABLE, _KEY, _VALUE),
        INT,
        "Add `value` behind all items of the list `key`. How many it has then.",
        _NO_ROOM,
    ),
    Operation(
        "pop_left",
        23,
        (_TABLE, _KEY, _WAIT),
        ANY,
        "Take out the first item of the list `key`; wait up to `wait` seconds for one.",
        _EMPTY,
        or_default=True,
    ),
    Operation(
        "pop_right",
        24,
        (_TABLE, _KEY, _WAIT),
        ANY,
        "Take out the last item of the list `key`; wait up to `wait` seconds for one.",
        _EMPTY,
        or_default=True,
    ),
    Operation(
        "length",
        25,
        (_TABLE, _KEY),
        INT,
        "How many items the list `key` has, 0 where it is missing.",
    ),
    Operation(
        "changes",
        26,
        (
            _TABLE,
            _PATTERN,
            Parameter("after", required=False, max_bytes=MAX_PLACE_BYTES),
            Parameter("count", required=False),
            _WAIT,
        ),
        a(STASH_CHANGES),
        "Up to `count` changes of the table behind the place `after`, of keys and lists as of "
        "`keys`; wait up to `wait` seconds for one.",
        {"StashError": "too many tables are watched"},
    ),
)

# --- ERROR -------------------------------------------------------------------------------------

# What the details of any error type may be; which of them a type has, errors.py says: GD-ERR-035,
# GD-ERR-018.
ERROR_DETAILS = Form(
    "ErrorDetails",
    "Facts about a failure.",
    (
        FormField("timeout", NUMBER, "the time that the call was given", unit="seconds"),
        FormField("app_path", TEXT, "the app that was called"),
        FormField("action", TEXT, "what was called on it"),
        FormField("where", TEXT, "what the call was at when its time was over: `queue` or `run`"),
        FormField("waited", NUMBER, "how long of it the call waited in the queue", unit="seconds"),
        FormField("socket_path", TEXT, "the arbiter's socket"),
        FormField("begun", BOOL, "whether something of what was asked may have begun"),
        FormField("worker_id", INT, "the process of the worker"),
        FormField("traceback", TEXT, "where the app failed, as its language tells it"),
        FormField("exception_type", TEXT, "the class of the app's exception"),
        FormField("exception_bases", list_of(TEXT), "those which it specialises, nearest first"),
        FormField("reason", TEXT, "why no worker serves the app"),
        FormField("code", TEXT, "the portable code"),
        FormField("offset", INT, "where the fault is, from the first byte of its frame's header"),
        FormField("path", TEXT, "its place inside the payload"),
        FormField("raw_data", TEXT, "the first bytes of what was at fault, in hexadecimal digits"),
        FormField("retry_after", NUMBER, "after which another try may go well", unit="seconds"),
        FormField("table_name", TEXT, "the stash table"),
        FormField("key", SCALAR, "the key in it"),
    ),
)

QUESTIONS = (
    Question("STASH", "arbiter", STASH),
    Question(
        "STATUS",
        "arbiter",
        (Operation("status", 0, (), a(STATUS_ANSWER), "The state of the arbiter."),),
    ),
    Question(
        "STATUS",
        "worker",
        (Operation("status", 0, (), a(WORKER_ANSWER), "What the worker is."),),
    ),
    Question("MANAGE", "arbiter", MANAGE),
)


def codes(operations: tuple[Operation, ...]) -> dict[str, int]:
    """The codes of operations by their names."""
    return {operation.name: operation.code for operation in operations}
