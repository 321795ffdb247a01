# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""What questions are answered by: the types of answers, and the operations as data."""

from __future__ import annotations

from typing import Any, Final, NotRequired, Protocol, TypeAlias, TypedDict

from ..encoded import Encoded
from ..operations import Form, FormField, Operation, Parameter, ResultType
from ..pieces import Pieces
from .tables import ManageOp, StashOp

Scalar: TypeAlias = None | bool | int | float | bytes | str


class StashInfo(TypedDict):
    """What a table is.

    Attributes:
        size: how many keys it has.
        table: its name.
    """

    size: int
    table: str


class StashEntry(TypedDict):
    """What a key is.

    Attributes:
        version: a number that it never had with another value.
        ttl: how long it lives, in seconds.
        value: its value.
    """

    version: int
    ttl: float | None
    value: Any


class StashPage(TypedDict):
    """Some of the keys of a table.

    Attributes:
        next: the `after` of the next page; none for the last.
        keys: the keys.
    """

    next: Scalar
    keys: list[Scalar]


class StashChange(TypedDict):
    """One change of a table.

    Attributes:
        kind: put, delete, expire, push, pop or clear.
        key: the key, or the list; none for the whole table.
    """

    kind: str
    key: Scalar


class StashChanges(TypedDict):
    """Some of the changes of a table, in their order.

    Attributes:
        next: the `after` of the next question.
        missed: whether some before these may not be told.
        changes: the changes.
    """

    next: Scalar
    missed: bool
    changes: list[StashChange]


class CallStatus(TypedDict):
    """A request that runs or waits, as its arbiter sees it.

    Attributes:
        call: its number, by which the arbiter knows it.
        app: the app that it is for.
        action: what is called on it.
        age: since it arrived, in seconds.
        ran: since a worker has it, in seconds.
        request_id: the client's id of it, in decimal digits.
        client_pid: the process of the client; 0 where it is not known.
        client_user: the number of the client's user.
        slot: the place of the worker that runs it.
        worker: the process of that worker.
    """

    call: int
    app: str
    action: str
    age: float
    ran: NotRequired[float | None]
    request_id: NotRequired[str]
    client_pid: NotRequired[int]
    client_user: NotRequired[int]
    slot: NotRequired[int | None]
    worker: NotRequired[int | None]


class WorkerLimits(TypedDict):
    """What a worker, and all that it starts, may take of its machine.

    Attributes:
        memory: beyond which it gets none, in bytes.
        memory_by: what that counts: `addresses` of each process, or `cgroup`, the memory of all.
        nice: niceness that it has more than its arbiter.
        cpus: the CPUs that it may use; none where it may use any.
    """

    memory: NotRequired[int | None]
    memory_by: NotRequired[str | None]
    nice: NotRequired[int]
    cpus: NotRequired[list[int]]


class WorkerStatus(TypedDict):
    """A worker as its arbiter sees it.

    Attributes:
        pid: the process.
        age: its number, counted from the arbiter's start.
        apps: the apps that it is to serve.
        booted: whether it serves.
        last_heartbeat: since it was heard, in seconds.
        slot: the place that it fills, which its successor takes.
        state: what it is doing in its life, in a word.
        busy: how many requests it runs.
        lanes: how many it can run at once.
        private_bytes: memory that it alone has, in bytes.
        shared_bytes: memory that others have, too, in bytes.
        pss_bytes: its share of the memory: what several have, by how many they are, in bytes.
        template: the process with its apps that it is a copy of.
        resources: the part that it has of each id, by resource.
        node: the node of a cluster that it is on.
        actor: by which that cluster knows it.
        waits: why it has no place in a cluster yet.
        uptime: since it was started, in seconds.
        heard: since each lane was heard, in seconds.
        calls: requests that it has answered.
        errors: of these, how many by an ERROR.
        running: what it runs.
        limits: what it may take, where that is known.
    """

    pid: int
    age: int
    apps: list[str]
    booted: bool
    last_heartbeat: float | None
    slot: NotRequired[int]
    state: NotRequired[str]
    busy: NotRequired[int]
    lanes: NotRequired[int]
    private_bytes: NotRequired[int | None]
    shared_bytes: NotRequired[int | None]
    pss_bytes: NotRequired[int | None]
    template: NotRequired[int | None]
    resources: NotRequired[dict[str, dict[str, float]]]
    node: NotRequired[str | None]
    actor: NotRequired[str | None]
    waits: NotRequired[str | None]
    uptime: NotRequired[float]
    heard: NotRequired[list[float]]
    calls: NotRequired[int]
    errors: NotRequired[int]
    running: NotRequired[list[CallStatus]]
    limits: NotRequired[WorkerLimits | None]


class Percentiles(TypedDict):
    """Below which time so many of a hundred lie.

    Attributes:
        p50: half of them, in seconds.
        p95: 95 of a hundred, in seconds.
        p99: 99 of a hundred, in seconds.
    """

    p50: float
    p95: float
    p99: float


class Histogram(TypedDict):
    """How often which numbers were seen.

    Attributes:
        counts: by bucket; the last is above all bounds.
        sum: of all numbers.
    """

    counts: list[int]
    sum: float


class ActionStatus(TypedDict):
    """What is counted of one action of an app, or of all actions without counts of their own.

    Attributes:
        app: the app.
        action: the action.
        outcomes: how many ended so, by message or error type.
        running: how many run.
        rate: how many ended in a second, lately.
        errors: the part of these that failed, from 0 to 1.
        run: how long they ran, lately.
        wait: how long they waited, lately.
        runs: how long all ran, in seconds.
        waits: how long all waited, in seconds.
        sizes: how large the requests were, in bytes.
    """

    app: str
    action: str
    outcomes: NotRequired[dict[str, int]]
    running: NotRequired[int]
    rate: NotRequired[float]
    errors: NotRequired[float]
    run: NotRequired[Percentiles | None]
    wait: NotRequired[Percentiles | None]
    runs: NotRequired[Histogram]
    waits: NotRequired[Histogram]
    sizes: NotRequired[Histogram]


class Buckets(TypedDict):
    """The bounds of histograms, ascending; a bound is in the bucket that it ends.

    Attributes:
        seconds: of times, in seconds.
        bytes: of sizes, in bytes.
    """

    seconds: list[float]
    bytes: list[float]


class AppLimits(TypedDict):
    """How long calls of an app may take.

    Attributes:
        timeout: of silence within a call; none for any, in seconds.
        max_run: of a call as a whole; none for any, in seconds.
    """

    timeout: NotRequired[float | None]
    max_run: NotRequired[float | None]


class Draining(TypedDict):
    """What an arbiter that stops waits for.

    Attributes:
        running: requests that run.
        waiting: requests that wait.
        left: until they are given up, in seconds.
    """

    running: int
    waiting: int
    left: float


class StatusAnswer(TypedDict):
    """The state of an arbiter, its workers and its queues.

    Attributes:
        arbiter_pid: the process.
        workers: the workers, oldest first.
        worker_count: how many there are.
        apps: the apps that are served.
        protocol: the protocol and its version.
        version: the program's version.
        extensions: the extensions that it takes.
        uptime: since it started, in seconds.
        target_workers: how many workers there are to be.
        threads: how many requests a worker runs at once.
        clients: connections of clients.
        restarts: workers that were started in place of others.
        restart_reasons: how many of these, by the reason in a word.
        actions: what is counted, by app and action.
        lately: how long lately is, in seconds.
        buckets: those of the histograms.
        queues: waiting requests, by app.
        waits: how long the oldest waits, by app, in seconds.
        waiting_bytes: what the waiting requests take, in bytes.
        passed_bytes: memory by reference of what is under way, in bytes.
        stash_bytes: what the stash takes, in bytes.
        resources: the part of each id that is given, by resource.
        down: why an app is put aside, by app.
        last_boot_error: why the last worker did not boot; empty if it did.
        reloading: whether a reload is under way.
        reload_failure: why the last reload failed; empty if it did not.
        upgrading: whether an arbiter boots that is to follow this one.
        upgrade_failure: why the last one did not follow; empty if it did.
        log_dropped: lines of its log that nobody took in time.
        limits: how long calls may take, by app.
        silent: of several arbiters, how long those say nothing that do not answer, by number, in seconds.
        draining: of one that stops, what it waits for.
    """

    arbiter_pid: int
    workers: list[WorkerStatus]
    worker_count: int
    apps: list[str]
    protocol: NotRequired[str]
    version: NotRequired[str]
    extensions: NotRequired[list[str]]
    uptime: NotRequired[float]
    target_workers: NotRequired[int]
    threads: NotRequired[int]
    clients: NotRequired[int]
    restarts: NotRequired[int]
    restart_reasons: NotRequired[dict[str, int]]
    actions: NotRequired[list[ActionStatus]]
    lately: NotRequired[float]
    buckets: NotRequired[Buckets]
    queues: NotRequired[dict[str, int]]
    waits: NotRequired[dict[str, float]]
    waiting_bytes: NotRequired[int]
    passed_bytes: NotRequired[int]
    stash_bytes: NotRequired[int]
    resources: NotRequired[dict[str, dict[str, float]]]
    down: NotRequired[dict[str, str]]
    last_boot_error: NotRequired[str]
    reloading: NotRequired[bool]
    reload_failure: NotRequired[str]
    upgrading: NotRequired[bool]
    upgrade_failure: NotRequired[str]
    log_dropped: NotRequired[int]
    limits: NotRequired[dict[str, AppLimits]]
    silent: NotRequired[dict[str, float]]
    draining: NotRequired[Draining | None]


class AppAttributes(TypedDict):
    """What an app asks of the arbiter.

    Attributes:
        workers: how many workers load it; none for all.
        stashes: shared tables that are to be there.
        kill_on_cancel: whether a worker ends whose call is given up.
        concurrency: how many of its calls a lane of its own takes at once.
        fill: how many calls a worker gets before another; 0 to spread them.
        preload: whether it is loaded once, and workers are forked from that.
        resources: how many ids of each resource it takes.
    """

    workers: NotRequired[int | None]
    stashes: NotRequired[list[str]]
    kill_on_cancel: NotRequired[bool]
    concurrency: NotRequired[int]
    fill: NotRequired[int]
    preload: NotRequired[bool]
    resources: NotRequired[dict[str, float]]


class WorkerAnswer(TypedDict):
    """What a worker is, told when its apps are initialised.

    Attributes:
        pid: the process.
        apps: the apps that it serves.
        version: the program's version.
        extensions: the extensions that it takes.
        concurrency: how many requests it runs at once.
        exchanges: how many exchanges it takes at once on this lane.
        lane_apps: the apps that are called on this lane.
        attributes: what its apps ask for, by app.
    """

    pid: int
    apps: list[str]
    version: str
    extensions: list[str]
    concurrency: NotRequired[int]
    exchanges: NotRequired[int]
    lane_apps: NotRequired[list[str]]
    attributes: NotRequired[dict[str, AppAttributes]]


class WorkerStacks(TypedDict):
    """Where the threads and tasks of a worker are.

    Attributes:
        slot: the place that it fills.
        worker: its process.
        threads: the stacks of its threads; empty if it tells none.
        tasks: those of its tasks; none if nobody answered.
        running: what it runs.
    """

    slot: int
    worker: int
    threads: str
    tasks: NotRequired[str | None]
    running: NotRequired[list[CallStatus]]


class ManageAnswer(TypedDict):
    """What was done, told when the processes are started or told to stop.

    Attributes:
        success: whether the operation was done.
        operation: its name.
        requested: the count that was asked for.
        spawned: how many workers were started.
        removed: how many workers were told to stop.
        reason: why less was done than asked.
        calls: what runs and waits, the oldest first.
        left_out: how many more wait than `calls` lists.
        stacks: of the workers that were asked for.
        slot: the place of the worker that it was done to.
        worker: its process.
        total_workers: how many workers there are now.
        target_workers: how many there are to be.
    """

    success: bool
    operation: str
    requested: int
    spawned: NotRequired[int]
    removed: NotRequired[int]
    reason: NotRequired[str]
    calls: NotRequired[list[CallStatus]]
    left_out: NotRequired[int]
    stacks: NotRequired[list[WorkerStacks]]
    slot: NotRequired[int]
    worker: NotRequired[int]
    total_workers: int
    target_workers: int


class ErrorDetails(TypedDict):
    """Facts about a failure.

    Attributes:
        timeout: the time that the call was given, in seconds.
        app_path: the app that was called.
        action: what was called on it.
        where: what the call was at when its time was over: `queue` or `run`.
        waited: how long of it the call waited in the queue, in seconds.
        socket_path: the arbiter's socket.
        begun: whether something of what was asked may have begun.
        worker_id: the process of the worker.
        traceback: where the app failed, as its language tells it.
        exception_type: the class of the app's exception.
        exception_bases: those which it specialises, nearest first.
        reason: why no worker serves the app.
        code: the portable code.
        offset: where the fault is, from the first byte of its frame's header.
        path: its place inside the payload.
        raw_data: the first bytes of what was at fault, in hexadecimal digits.
        retry_after: after which another try may go well, in seconds.
        table_name: the stash table.
        key: the key in it.
    """

    timeout: NotRequired[float]
    app_path: NotRequired[str]
    action: NotRequired[str]
    where: NotRequired[str]
    waited: NotRequired[float]
    socket_path: NotRequired[str]
    begun: NotRequired[bool]
    worker_id: NotRequired[int]
    traceback: NotRequired[str]
    exception_type: NotRequired[str]
    exception_bases: NotRequired[list[str]]
    reason: NotRequired[str]
    code: NotRequired[str]
    offset: NotRequired[int]
    path: NotRequired[str]
    raw_data: NotRequired[str]
    retry_after: NotRequired[float]
    table_name: NotRequired[str]
    key: NotRequired[Scalar]


class StashBackend(Protocol):
    """Where tables are kept: one method for each operation of the stash.

    They raise the errors that travel to who asked, by the names of their classes. Values
    come and go as their TLV bytes, which nobody needs to look into.
    """

    async def put(self, table: str, key: Scalar, value: Encoded, ttl: float | None = None) -> bool:
        """Store `value` under `key`. Raises StashError when there is no room."""
        ...

    async def get(self, table: str, key: Scalar) -> Pieces:
        """The value of `key`.

        Raises StashKeyNotFoundError when the key or the table is missing.
        """
        ...

    async def delete(self, table: str, key: Scalar) -> bool:
        """Remove `key`; false when it was missing."""
        ...

    async def keys(self, table: str, pattern: str | None = None) -> Pieces:
        """The keys, or those strings among them that match `* ? [seq] [!seq]`."""
        ...

    async def clear(self, table: str) -> bool:
        """Remove every key of the table."""
        ...

    async def info(self, table: str) -> StashInfo:
        """How large the table is. Raises StashTableNotFoundError when the table is missing."""
        ...

    async def ensure(self, table: str) -> bool:
        """Have the table, if only empty. Raises StashError when there is no room."""
        ...

    async def delete_table(self, table: str) -> bool:
        """Remove the table; false when it was missing."""
        ...

    async def tables(self) -> Pieces:
        """The names of all tables."""
        ...

    async def exists(self, table: str, key: Scalar = None) -> bool:
        """Whether the table has `key`; without a key, whether there is such a table."""
        ...

    async def put_if_absent(self, table: str, key: Scalar, value: Encoded, ttl: float | None = None) -> bool:
        """Store `value` under `key`, if it is missing; false when it was there.

        Raises StashError when there is no room.
        """
        ...

    async def pop(self, table: str, key: Scalar) -> Pieces:
        """Take out `key`: its value.

        Raises StashKeyNotFoundError when the key or the table is missing.
        """
        ...

    async def incr(self, table: str, key: Scalar, value: Encoded, initial: float | None = None, ttl: float | None = None) -> float:
        """Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.

        Raises StashError when there is no number, it would be too large, or there is no room.
        """
        ...

    async def touch(self, table: str, key: Scalar, ttl: float | None = None) -> bool:
        """Let `key` live `ttl` seconds from now, or for ever; false when it was missing.

        Raises StashError when there is no room.
        """
        ...

    async def ttl(self, table: str, key: Scalar) -> Pieces:
        """How long `key` lives: seconds, or none.

        Raises StashKeyNotFoundError when the key or the table is missing.
        """
        ...

    async def entry(self, table: str, key: Scalar) -> Pieces:
        """The value of `key`, with its version.

        Raises StashKeyNotFoundError when the key or the table is missing. Raises StashError
        when there is no room.
        """
        ...

    async def swap(self, table: str, key: Scalar, value: Encoded, version: int | None = None, ttl: float | None = None) -> int:
        """Store `value` under `key` if that has `version`, 0 for one that is missing.

        The new version, or 0. Raises StashError when there is no room.
        """
        ...

    async def get_many(self, table: str, value: Encoded) -> Pieces:
        """A list of key and value for each key of the list `value` that is there."""
        ...

    async def put_many(self, table: str, value: Encoded, ttl: float | None = None) -> bool:
        """Store what the list `value` has lists of, a key and its value: all of it, or nothing.

        Raises StashError when there is no room.
        """
        ...

    async def page(self, table: str, pattern: str | None = None, after: Scalar = None, count: int | None = None) -> Pieces:
        """Up to `count` of the keys, as of `keys`, behind those of the page that names `after`..


        """
        ...

    async def push_left(self, table: str, key: Scalar, value: Encoded) -> int:
        """Add `value` before all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        ...

    async def push_right(self, table: str, key: Scalar, value: Encoded) -> int:
        """Add `value` behind all items of the list `key`.

        How many it has then. Raises StashError when there is no room.
        """
        ...

    async def pop_left(self, table: str, key: Scalar, wait: float | None = None) -> Pieces:
        """Take out the first item of the list `key`; wait up to `wait` seconds for one.

        Raises StashKeyNotFoundError when the list has no items.
        """
        ...

    async def pop_right(self, table: str, key: Scalar, wait: float | None = None) -> Pieces:
        """Take out the last item of the list `key`; wait up to `wait` seconds for one.

        Raises StashKeyNotFoundError when the list has no items.
        """
        ...

    async def length(self, table: str, key: Scalar) -> int:
        """How many items the list `key` has, 0 where it is missing."""
        ...

    async def changes(self, table: str, pattern: str | None = None, after: Scalar = None, count: int | None = None, wait: float | None = None) -> Pieces:
        """Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`; wait up to `wait` seconds for one.

        Raises StashError when too many tables are watched.
        """
        ...


FORMS: Final[dict[str, Form]] = {
    'StashInfo': Form('StashInfo', (
        FormField('size', ResultType('integer', None, ''), True, False, '', 'how many keys it has'),
        FormField('table', ResultType('string', None, ''), True, False, '', 'its name'),
    ), 'What a table is.'),
    'StashEntry': Form('StashEntry', (
        FormField('version', ResultType('integer', None, ''), True, False, '', 'a number that it never had with another value'),
        FormField('ttl', ResultType('number', None, ''), True, True, 'seconds', 'how long it lives'),
        FormField('value', ResultType('any', None, ''), True, False, '', 'its value'),
    ), 'What a key is.'),
    'StashPage': Form('StashPage', (
        FormField('next', ResultType('scalar', None, ''), True, False, '', 'the `after` of the next page; none for the last'),
        FormField('keys', ResultType('list', ResultType('scalar', None, ''), ''), True, False, '', 'the keys'),
    ), 'Some of the keys of a table.'),
    'StashChange': Form('StashChange', (
        FormField('kind', ResultType('string', None, ''), True, False, '', 'put, delete, expire, push, pop or clear'),
        FormField('key', ResultType('scalar', None, ''), True, False, '', 'the key, or the list; none for the whole table'),
    ), 'One change of a table.'),
    'StashChanges': Form('StashChanges', (
        FormField('next', ResultType('scalar', None, ''), True, False, '', 'the `after` of the next question'),
        FormField('missed', ResultType('bool', None, ''), True, False, '', 'whether some before these may not be told'),
        FormField('changes', ResultType('list', ResultType('form', None, 'StashChange'), ''), True, False, '', 'the changes'),
    ), 'Some of the changes of a table, in their order.'),
    'CallStatus': Form('CallStatus', (
        FormField('call', ResultType('integer', None, ''), True, False, '', 'its number, by which the arbiter knows it'),
        FormField('app', ResultType('string', None, ''), True, False, '', 'the app that it is for'),
        FormField('action', ResultType('string', None, ''), True, False, '', 'what is called on it'),
        FormField('age', ResultType('number', None, ''), True, False, 'seconds', 'since it arrived'),
        FormField('ran', ResultType('number', None, ''), False, True, 'seconds', 'since a worker has it'),
        FormField('request_id', ResultType('string', None, ''), False, False, '', "the client's id of it, in decimal digits"),
        FormField('client_pid', ResultType('integer', None, ''), False, False, '', 'the process of the client; 0 where it is not known'),
        FormField('client_user', ResultType('integer', None, ''), False, False, '', "the number of the client's user"),
        FormField('slot', ResultType('integer', None, ''), False, True, '', 'the place of the worker that runs it'),
        FormField('worker', ResultType('integer', None, ''), False, True, '', 'the process of that worker'),
    ), 'A request that runs or waits, as its arbiter sees it.'),
    'WorkerLimits': Form('WorkerLimits', (
        FormField('memory', ResultType('integer', None, ''), False, True, 'bytes', 'beyond which it gets none'),
        FormField('memory_by', ResultType('string', None, ''), False, True, '', 'what that counts: `addresses` of each process, or `cgroup`, the memory of all'),
        FormField('nice', ResultType('integer', None, ''), False, False, '', 'niceness that it has more than its arbiter'),
        FormField('cpus', ResultType('list', ResultType('integer', None, ''), ''), False, False, '', 'the CPUs that it may use; none where it may use any'),
    ), 'What a worker, and all that it starts, may take of its machine.'),
    'WorkerStatus': Form('WorkerStatus', (
        FormField('pid', ResultType('integer', None, ''), True, False, '', 'the process'),
        FormField('age', ResultType('integer', None, ''), True, False, '', "its number, counted from the arbiter's start"),
        FormField('apps', ResultType('list', ResultType('string', None, ''), ''), True, False, '', 'the apps that it is to serve'),
        FormField('booted', ResultType('bool', None, ''), True, False, '', 'whether it serves'),
        FormField('last_heartbeat', ResultType('number', None, ''), True, True, 'seconds', 'since it was heard'),
        FormField('slot', ResultType('integer', None, ''), False, False, '', 'the place that it fills, which its successor takes'),
        FormField('state', ResultType('string', None, ''), False, False, '', 'what it is doing in its life, in a word'),
        FormField('busy', ResultType('integer', None, ''), False, False, '', 'how many requests it runs'),
        FormField('lanes', ResultType('integer', None, ''), False, False, '', 'how many it can run at once'),
        FormField('private_bytes', ResultType('integer', None, ''), False, True, 'bytes', 'memory that it alone has'),
        FormField('shared_bytes', ResultType('integer', None, ''), False, True, 'bytes', 'memory that others have, too'),
        FormField('pss_bytes', ResultType('integer', None, ''), False, True, 'bytes', 'its share of the memory: what several have, by how many they are'),
        FormField('template', ResultType('integer', None, ''), False, True, '', 'the process with its apps that it is a copy of'),
        FormField('resources', ResultType('dict', ResultType('dict', ResultType('number', None, ''), ''), ''), False, False, '', 'the part that it has of each id, by resource'),
        FormField('node', ResultType('string', None, ''), False, True, '', 'the node of a cluster that it is on'),
        FormField('actor', ResultType('string', None, ''), False, True, '', 'by which that cluster knows it'),
        FormField('waits', ResultType('string', None, ''), False, True, '', 'why it has no place in a cluster yet'),
        FormField('uptime', ResultType('number', None, ''), False, False, 'seconds', 'since it was started'),
        FormField('heard', ResultType('list', ResultType('number', None, ''), ''), False, False, 'seconds', 'since each lane was heard'),
        FormField('calls', ResultType('integer', None, ''), False, False, '', 'requests that it has answered'),
        FormField('errors', ResultType('integer', None, ''), False, False, '', 'of these, how many by an ERROR'),
        FormField('running', ResultType('list', ResultType('form', None, 'CallStatus'), ''), False, False, '', 'what it runs'),
        FormField('limits', ResultType('form', None, 'WorkerLimits'), False, True, '', 'what it may take, where that is known'),
    ), 'A worker as its arbiter sees it.'),
    'Percentiles': Form('Percentiles', (
        FormField('p50', ResultType('number', None, ''), True, False, 'seconds', 'half of them'),
        FormField('p95', ResultType('number', None, ''), True, False, 'seconds', '95 of a hundred'),
        FormField('p99', ResultType('number', None, ''), True, False, 'seconds', '99 of a hundred'),
    ), 'Below which time so many of a hundred lie.'),
    'Histogram': Form('Histogram', (
        FormField('counts', ResultType('list', ResultType('integer', None, ''), ''), True, False, '', 'by bucket; the last is above all bounds'),
        FormField('sum', ResultType('number', None, ''), True, False, '', 'of all numbers'),
    ), 'How often which numbers were seen.'),
    'ActionStatus': Form('ActionStatus', (
        FormField('app', ResultType('string', None, ''), True, False, '', 'the app'),
        FormField('action', ResultType('string', None, ''), True, False, '', 'the action'),
        FormField('outcomes', ResultType('dict', ResultType('integer', None, ''), ''), False, False, '', 'how many ended so, by message or error type'),
        FormField('running', ResultType('integer', None, ''), False, False, '', 'how many run'),
        FormField('rate', ResultType('number', None, ''), False, False, '', 'how many ended in a second, lately'),
        FormField('errors', ResultType('number', None, ''), False, False, '', 'the part of these that failed, from 0 to 1'),
        FormField('run', ResultType('form', None, 'Percentiles'), False, True, '', 'how long they ran, lately'),
        FormField('wait', ResultType('form', None, 'Percentiles'), False, True, '', 'how long they waited, lately'),
        FormField('runs', ResultType('form', None, 'Histogram'), False, False, '', 'how long all ran, in seconds'),
        FormField('waits', ResultType('form', None, 'Histogram'), False, False, '', 'how long all waited, in seconds'),
        FormField('sizes', ResultType('form', None, 'Histogram'), False, False, '', 'how large the requests were, in bytes'),
    ), 'What is counted of one action of an app, or of all actions without counts of their own.'),
    'Buckets': Form('Buckets', (
        FormField('seconds', ResultType('list', ResultType('number', None, ''), ''), True, False, 'seconds', 'of times'),
        FormField('bytes', ResultType('list', ResultType('number', None, ''), ''), True, False, 'bytes', 'of sizes'),
    ), 'The bounds of histograms, ascending; a bound is in the bucket that it ends.'),
    'AppLimits': Form('AppLimits', (
        FormField('timeout', ResultType('number', None, ''), False, True, 'seconds', 'of silence within a call; none for any'),
        FormField('max_run', ResultType('number', None, ''), False, True, 'seconds', 'of a call as a whole; none for any'),
    ), 'How long calls of an app may take.'),
    'Draining': Form('Draining', (
        FormField('running', ResultType('integer', None, ''), True, False, '', 'requests that run'),
        FormField('waiting', ResultType('integer', None, ''), True, False, '', 'requests that wait'),
        FormField('left', ResultType('number', None, ''), True, False, 'seconds', 'until they are given up'),
    ), 'What an arbiter that stops waits for.'),
    'StatusAnswer': Form('StatusAnswer', (
        FormField('arbiter_pid', ResultType('integer', None, ''), True, False, '', 'the process'),
        FormField('workers', ResultType('list', ResultType('form', None, 'WorkerStatus'), ''), True, False, '', 'the workers, oldest first'),
        FormField('worker_count', ResultType('integer', None, ''), True, False, '', 'how many there are'),
        FormField('apps', ResultType('list', ResultType('string', None, ''), ''), True, False, '', 'the apps that are served'),
        FormField('protocol', ResultType('string', None, ''), False, False, '', 'the protocol and its version'),
        FormField('version', ResultType('string', None, ''), False, False, '', "the program's version"),
        FormField('extensions', ResultType('list', ResultType('string', None, ''), ''), False, False, '', 'the extensions that it takes'),
        FormField('uptime', ResultType('number', None, ''), False, False, 'seconds', 'since it started'),
        FormField('target_workers', ResultType('integer', None, ''), False, False, '', 'how many workers there are to be'),
        FormField('threads', ResultType('integer', None, ''), False, False, '', 'how many requests a worker runs at once'),
        FormField('clients', ResultType('integer', None, ''), False, False, '', 'connections of clients'),
        FormField('restarts', ResultType('integer', None, ''), False, False, '', 'workers that were started in place of others'),
        FormField('restart_reasons', ResultType('dict', ResultType('integer', None, ''), ''), False, False, '', 'how many of these, by the reason in a word'),
        FormField('actions', ResultType('list', ResultType('form', None, 'ActionStatus'), ''), False, False, '', 'what is counted, by app and action'),
        FormField('lately', ResultType('number', None, ''), False, False, 'seconds', 'how long lately is'),
        FormField('buckets', ResultType('form', None, 'Buckets'), False, False, '', 'those of the histograms'),
        FormField('queues', ResultType('dict', ResultType('integer', None, ''), ''), False, False, '', 'waiting requests, by app'),
        FormField('waits', ResultType('dict', ResultType('number', None, ''), ''), False, False, 'seconds', 'how long the oldest waits, by app'),
        FormField('waiting_bytes', ResultType('integer', None, ''), False, False, 'bytes', 'what the waiting requests take'),
        FormField('passed_bytes', ResultType('integer', None, ''), False, False, 'bytes', 'memory by reference of what is under way'),
        FormField('stash_bytes', ResultType('integer', None, ''), False, False, 'bytes', 'what the stash takes'),
        FormField('resources', ResultType('dict', ResultType('dict', ResultType('number', None, ''), ''), ''), False, False, '', 'the part of each id that is given, by resource'),
        FormField('down', ResultType('dict', ResultType('string', None, ''), ''), False, False, '', 'why an app is put aside, by app'),
        FormField('last_boot_error', ResultType('string', None, ''), False, False, '', 'why the last worker did not boot; empty if it did'),
        FormField('reloading', ResultType('bool', None, ''), False, False, '', 'whether a reload is under way'),
        FormField('reload_failure', ResultType('string', None, ''), False, False, '', 'why the last reload failed; empty if it did not'),
        FormField('upgrading', ResultType('bool', None, ''), False, False, '', 'whether an arbiter boots that is to follow this one'),
        FormField('upgrade_failure', ResultType('string', None, ''), False, False, '', 'why the last one did not follow; empty if it did'),
        FormField('log_dropped', ResultType('integer', None, ''), False, False, '', 'lines of its log that nobody took in time'),
        FormField('limits', ResultType('dict', ResultType('form', None, 'AppLimits'), ''), False, False, '', 'how long calls may take, by app'),
        FormField('silent', ResultType('dict', ResultType('number', None, ''), ''), False, False, 'seconds', 'of several arbiters, how long those say nothing that do not answer, by number'),
        FormField('draining', ResultType('form', None, 'Draining'), False, True, '', 'of one that stops, what it waits for'),
    ), 'The state of an arbiter, its workers and its queues.'),
    'AppAttributes': Form('AppAttributes', (
        FormField('workers', ResultType('integer', None, ''), False, True, '', 'how many workers load it; none for all'),
        FormField('stashes', ResultType('list', ResultType('string', None, ''), ''), False, False, '', 'shared tables that are to be there'),
        FormField('kill_on_cancel', ResultType('bool', None, ''), False, False, '', 'whether a worker ends whose call is given up'),
        FormField('concurrency', ResultType('integer', None, ''), False, False, '', 'how many of its calls a lane of its own takes at once'),
        FormField('fill', ResultType('integer', None, ''), False, False, '', 'how many calls a worker gets before another; 0 to spread them'),
        FormField('preload', ResultType('bool', None, ''), False, False, '', 'whether it is loaded once, and workers are forked from that'),
        FormField('resources', ResultType('dict', ResultType('number', None, ''), ''), False, False, '', 'how many ids of each resource it takes'),
    ), 'What an app asks of the arbiter.'),
    'WorkerAnswer': Form('WorkerAnswer', (
        FormField('pid', ResultType('integer', None, ''), True, False, '', 'the process'),
        FormField('apps', ResultType('list', ResultType('string', None, ''), ''), True, False, '', 'the apps that it serves'),
        FormField('version', ResultType('string', None, ''), True, False, '', "the program's version"),
        FormField('extensions', ResultType('list', ResultType('string', None, ''), ''), True, False, '', 'the extensions that it takes'),
        FormField('concurrency', ResultType('integer', None, ''), False, False, '', 'how many requests it runs at once'),
        FormField('exchanges', ResultType('integer', None, ''), False, False, '', 'how many exchanges it takes at once on this lane'),
        FormField('lane_apps', ResultType('list', ResultType('string', None, ''), ''), False, False, '', 'the apps that are called on this lane'),
        FormField('attributes', ResultType('dict', ResultType('form', None, 'AppAttributes'), ''), False, False, '', 'what its apps ask for, by app'),
    ), 'What a worker is, told when its apps are initialised.'),
    'WorkerStacks': Form('WorkerStacks', (
        FormField('slot', ResultType('integer', None, ''), True, False, '', 'the place that it fills'),
        FormField('worker', ResultType('integer', None, ''), True, False, '', 'its process'),
        FormField('threads', ResultType('string', None, ''), True, False, '', 'the stacks of its threads; empty if it tells none'),
        FormField('tasks', ResultType('string', None, ''), False, True, '', 'those of its tasks; none if nobody answered'),
        FormField('running', ResultType('list', ResultType('form', None, 'CallStatus'), ''), False, False, '', 'what it runs'),
    ), 'Where the threads and tasks of a worker are.'),
    'ManageAnswer': Form('ManageAnswer', (
        FormField('success', ResultType('bool', None, ''), True, False, '', 'whether the operation was done'),
        FormField('operation', ResultType('string', None, ''), True, False, '', 'its name'),
        FormField('requested', ResultType('integer', None, ''), True, False, '', 'the count that was asked for'),
        FormField('spawned', ResultType('integer', None, ''), False, False, '', 'how many workers were started'),
        FormField('removed', ResultType('integer', None, ''), False, False, '', 'how many workers were told to stop'),
        FormField('reason', ResultType('string', None, ''), False, False, '', 'why less was done than asked'),
        FormField('calls', ResultType('list', ResultType('form', None, 'CallStatus'), ''), False, False, '', 'what runs and waits, the oldest first'),
        FormField('left_out', ResultType('integer', None, ''), False, False, '', 'how many more wait than `calls` lists'),
        FormField('stacks', ResultType('list', ResultType('form', None, 'WorkerStacks'), ''), False, False, '', 'of the workers that were asked for'),
        FormField('slot', ResultType('integer', None, ''), False, False, '', 'the place of the worker that it was done to'),
        FormField('worker', ResultType('integer', None, ''), False, False, '', 'its process'),
        FormField('total_workers', ResultType('integer', None, ''), True, False, '', 'how many workers there are now'),
        FormField('target_workers', ResultType('integer', None, ''), True, False, '', 'how many there are to be'),
    ), 'What was done, told when the processes are started or told to stop.'),
    'ErrorDetails': Form('ErrorDetails', (
        FormField('timeout', ResultType('number', None, ''), False, False, 'seconds', 'the time that the call was given'),
        FormField('app_path', ResultType('string', None, ''), False, False, '', 'the app that was called'),
        FormField('action', ResultType('string', None, ''), False, False, '', 'what was called on it'),
        FormField('where', ResultType('string', None, ''), False, False, '', 'what the call was at when its time was over: `queue` or `run`'),
        FormField('waited', ResultType('number', None, ''), False, False, 'seconds', 'how long of it the call waited in the queue'),
        FormField('socket_path', ResultType('string', None, ''), False, False, '', "the arbiter's socket"),
        FormField('begun', ResultType('bool', None, ''), False, False, '', 'whether something of what was asked may have begun'),
        FormField('worker_id', ResultType('integer', None, ''), False, False, '', 'the process of the worker'),
        FormField('traceback', ResultType('string', None, ''), False, False, '', 'where the app failed, as its language tells it'),
        FormField('exception_type', ResultType('string', None, ''), False, False, '', "the class of the app's exception"),
        FormField('exception_bases', ResultType('list', ResultType('string', None, ''), ''), False, False, '', 'those which it specialises, nearest first'),
        FormField('reason', ResultType('string', None, ''), False, False, '', 'why no worker serves the app'),
        FormField('code', ResultType('string', None, ''), False, False, '', 'the portable code'),
        FormField('offset', ResultType('integer', None, ''), False, False, '', "where the fault is, from the first byte of its frame's header"),
        FormField('path', ResultType('string', None, ''), False, False, '', 'its place inside the payload'),
        FormField('raw_data', ResultType('string', None, ''), False, False, '', 'the first bytes of what was at fault, in hexadecimal digits'),
        FormField('retry_after', ResultType('number', None, ''), False, False, 'seconds', 'after which another try may go well'),
        FormField('table_name', ResultType('string', None, ''), False, False, '', 'the stash table'),
        FormField('key', ResultType('scalar', None, ''), False, False, '', 'the key in it'),
    ), 'Facts about a failure.'),
}

STASH_OPERATIONS: Final[dict[StashOp, Operation]] = {
    StashOp.PUT: Operation(
        'put', 1, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', True, 0), Parameter('ttl', 'number', False, 0), ),
        ResultType('bool', None, ''), {'StashError': 'there is no room'},
        'Store `value` under `key`.',
    ),
    StashOp.GET: Operation(
        'get', 2, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('any', None, ''), {'StashKeyNotFoundError': 'the key or the table is missing'},
        'The value of `key`.',
    ),
    StashOp.DELETE: Operation(
        'delete', 3, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('bool', None, ''), {},
        'Remove `key`; false when it was missing.',
    ),
    StashOp.KEYS: Operation(
        'keys', 4, (Parameter('table', 'string', True, 2097152), Parameter('pattern', 'string', False, 1024), ),
        ResultType('list', ResultType('scalar', None, ''), ''), {},
        'The keys, or those strings among them that match `* ? [seq] [!seq]`.',
    ),
    StashOp.CLEAR: Operation(
        'clear', 5, (Parameter('table', 'string', True, 2097152), ),
        ResultType('bool', None, ''), {},
        'Remove every key of the table.',
    ),
    StashOp.INFO: Operation(
        'info', 6, (Parameter('table', 'string', True, 2097152), ),
        ResultType('form', None, 'StashInfo'), {'StashTableNotFoundError': 'the table is missing'},
        'How large the table is.',
    ),
    StashOp.ENSURE: Operation(
        'ensure', 7, (Parameter('table', 'string', True, 2097152), ),
        ResultType('bool', None, ''), {'StashError': 'there is no room'},
        'Have the table, if only empty.',
    ),
    StashOp.DELETE_TABLE: Operation(
        'delete_table', 8, (Parameter('table', 'string', True, 2097152), ),
        ResultType('bool', None, ''), {},
        'Remove the table; false when it was missing.',
    ),
    StashOp.TABLES: Operation(
        'tables', 9, (),
        ResultType('list', ResultType('string', None, ''), ''), {},
        'The names of all tables.',
    ),
    StashOp.EXISTS: Operation(
        'exists', 10, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', False, 2097152), ),
        ResultType('bool', None, ''), {},
        'Whether the table has `key`; without a key, whether there is such a table.',
    ),
    StashOp.PUT_IF_ABSENT: Operation(
        'put_if_absent', 11, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', True, 0), Parameter('ttl', 'number', False, 0), ),
        ResultType('bool', None, ''), {'StashError': 'there is no room'},
        'Store `value` under `key`, if it is missing; false when it was there.',
    ),
    StashOp.POP: Operation(
        'pop', 12, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('any', None, ''), {'StashKeyNotFoundError': 'the key or the table is missing'},
        'Take out `key`: its value.',
    ),
    StashOp.INCR: Operation(
        'incr', 13, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', False, 0), Parameter('initial', 'number', False, 0), Parameter('ttl', 'number', False, 0), ),
        ResultType('number', None, ''), {'StashError': 'there is no number, it would be too large, or there is no room'},
        'Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.',
    ),
    StashOp.TOUCH: Operation(
        'touch', 14, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('ttl', 'number', False, 0), ),
        ResultType('bool', None, ''), {'StashError': 'there is no room'},
        'Let `key` live `ttl` seconds from now, or for ever; false when it was missing.',
    ),
    StashOp.TTL: Operation(
        'ttl', 15, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('any', None, ''), {'StashKeyNotFoundError': 'the key or the table is missing'},
        'How long `key` lives: seconds, or none.',
    ),
    StashOp.ENTRY: Operation(
        'entry', 16, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('form', None, 'StashEntry'), {'StashKeyNotFoundError': 'the key or the table is missing', 'StashError': 'there is no room'},
        'The value of `key`, with its version.',
    ),
    StashOp.SWAP: Operation(
        'swap', 17, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', True, 0), Parameter('version', 'integer', False, 0), Parameter('ttl', 'number', False, 0), ),
        ResultType('integer', None, ''), {'StashError': 'there is no room'},
        'Store `value` under `key` if that has `version`, 0 for one that is missing. The new version, or 0.',
    ),
    StashOp.GET_MANY: Operation(
        'get_many', 18, (Parameter('table', 'string', True, 2097152), Parameter('value', 'any', True, 0), ),
        ResultType('list', ResultType('list', ResultType('any', None, ''), ''), ''), {},
        'A list of key and value for each key of the list `value` that is there.',
    ),
    StashOp.PUT_MANY: Operation(
        'put_many', 19, (Parameter('table', 'string', True, 2097152), Parameter('value', 'any', True, 0), Parameter('ttl', 'number', False, 0), ),
        ResultType('bool', None, ''), {'StashError': 'there is no room'},
        'Store what the list `value` has lists of, a key and its value: all of it, or nothing.',
    ),
    StashOp.PAGE: Operation(
        'page', 20, (Parameter('table', 'string', True, 2097152), Parameter('pattern', 'string', False, 1024), Parameter('after', 'scalar', False, 2097157), Parameter('count', 'integer', False, 0), ),
        ResultType('form', None, 'StashPage'), {},
        'Up to `count` of the keys, as of `keys`, behind those of the page that names `after`.',
    ),
    StashOp.PUSH_LEFT: Operation(
        'push_left', 21, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', True, 0), ),
        ResultType('integer', None, ''), {'StashError': 'there is no room'},
        'Add `value` before all items of the list `key`. How many it has then.',
    ),
    StashOp.PUSH_RIGHT: Operation(
        'push_right', 22, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('value', 'any', True, 0), ),
        ResultType('integer', None, ''), {'StashError': 'there is no room'},
        'Add `value` behind all items of the list `key`. How many it has then.',
    ),
    StashOp.POP_LEFT: Operation(
        'pop_left', 23, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('wait', 'number', False, 0), ),
        ResultType('any', None, ''), {'StashKeyNotFoundError': 'the list has no items'},
        'Take out the first item of the list `key`; wait up to `wait` seconds for one.',
    ),
    StashOp.POP_RIGHT: Operation(
        'pop_right', 24, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), Parameter('wait', 'number', False, 0), ),
        ResultType('any', None, ''), {'StashKeyNotFoundError': 'the list has no items'},
        'Take out the last item of the list `key`; wait up to `wait` seconds for one.',
    ),
    StashOp.LENGTH: Operation(
        'length', 25, (Parameter('table', 'string', True, 2097152), Parameter('key', 'scalar', True, 2097152), ),
        ResultType('integer', None, ''), {},
        'How many items the list `key` has, 0 where it is missing.',
    ),
    StashOp.CHANGES: Operation(
        'changes', 26, (Parameter('table', 'string', True, 2097152), Parameter('pattern', 'string', False, 1024), Parameter('after', 'scalar', False, 2097157), Parameter('count', 'integer', False, 0), Parameter('wait', 'number', False, 0), ),
        ResultType('form', None, 'StashChanges'), {'StashError': 'too many tables are watched'},
        'Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`; wait up to `wait` seconds for one.',
    ),
}

MANAGE_OPERATIONS: Final[dict[ManageOp, Operation]] = {
    ManageOp.ADD: Operation(
        'add', 1, (Parameter('count', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyProtocolError': 'the count is above the bound', 'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Start `count` workers more.',
    ),
    ManageOp.REMOVE: Operation(
        'remove', 2, (Parameter('count', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Stop `count` workers.',
    ),
    ManageOp.RELOAD: Operation(
        'reload', 3, (),
        ResultType('form', None, 'ManageAnswer'), {'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Replace the workers by ones with new code.',
    ),
    ManageOp.SET: Operation(
        'set', 4, (Parameter('count', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyProtocolError': 'the count is above the bound', 'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Have `count` workers.',
    ),
    ManageOp.CALLS: Operation(
        'calls', 5, (),
        ResultType('form', None, 'ManageAnswer'), {'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'List what runs and what waits.',
    ),
    ManageOp.STACKS: Operation(
        'stacks', 6, (Parameter('slot', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyProtocolError': 'there is no such worker or request', 'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Where the threads and tasks of the worker in `slot` are, or of all workers.',
    ),
    ManageOp.KILL: Operation(
        'kill', 7, (Parameter('slot', 'integer', False, 0), Parameter('call', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyProtocolError': 'there is no such worker or request', 'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'End the worker in `slot` now, or `call`, with the worker that runs it.',
    ),
    ManageOp.RECYCLE: Operation(
        'recycle', 8, (Parameter('slot', 'integer', False, 0), Parameter('call', 'integer', False, 0), ),
        ResultType('form', None, 'ManageAnswer'), {'DirtyProtocolError': 'there is no such worker or request', 'DirtyPermissionError': 'the user may not manage', 'DirtyError': 'the arbiter is stopping'},
        'Replace the worker in `slot`, or that of `call`, when a successor is ready.',
    ),
}

__all__ = ['ActionStatus', 'AppAttributes', 'AppLimits', 'Buckets', 'CallStatus', 'Draining', 'ErrorDetails', 'FORMS', 'Histogram', 'MANAGE_OPERATIONS', 'ManageAnswer', 'Percentiles', 'STASH_OPERATIONS', 'Scalar', 'StashBackend', 'StashChange', 'StashChanges', 'StashEntry', 'StashInfo', 'StashPage', 'StatusAnswer', 'WorkerAnswer', 'WorkerLimits', 'WorkerStacks', 'WorkerStatus']
