"""Answers: their declared forms, and what is not as declared."""

from __future__ import annotations

from typing import Any

import pytest

import gdproto
from gdproto.answers import (
    FORMS,
    MANAGE_OPERATIONS,
    STASH_OPERATIONS,
    ResultType,
    StashBackend,
    arguments,
    misfits,
)

STATUS = ResultType("form", None, "StatusAnswer")
WORKER = {"pid": 2, "age": 1, "apps": ["m:A"], "booted": True, "last_heartbeat": 0.5}
ANSWER = {"arbiter_pid": 1, "workers": [WORKER], "worker_count": 1, "apps": ["m:A"]}


OPERATIONS = (*STASH_OPERATIONS.items(), *MANAGE_OPERATIONS.items())


def test_every_operation_is_declared_under_its_code() -> None:
    assert list(STASH_OPERATIONS) == list(gdproto.StashOp)
    assert list(MANAGE_OPERATIONS) == list(gdproto.ManageOp)
    for op, operation in OPERATIONS:
        assert (operation.name, operation.code) == (op.name.lower(), int(op))


def test_every_error_that_an_operation_names_is_an_error_type() -> None:
    known = {error.name for error in gdproto.ERROR_TYPES}
    for _, operation in OPERATIONS:
        assert operation.errors.keys() <= known


def test_a_backend_has_a_method_for_each_operation() -> None:
    for operation in STASH_OPERATIONS.values():
        assert callable(getattr(StashBackend, operation.name))


def test_arguments_are_those_of_the_parameters() -> None:
    message = gdproto.Stash(1, 4, "t", "unused", "unused", "a*")
    assert arguments(STASH_OPERATIONS[gdproto.StashOp.KEYS], message) == ["t", "a*"]
    assert arguments(STASH_OPERATIONS[gdproto.StashOp.TABLES], message) == []


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        {**ANSWER, "workers": []},
        {**ANSWER, "new": object},
        {**ANSWER, "draining": None, "uptime": 3, "queues": {"m:A": 1}},
        {**ANSWER, "draining": {"running": 1, "waiting": 0, "left": 2.5}},
    ],
)
def test_answers_that_are_as_declared(answer: dict[str, Any]) -> None:
    assert list(misfits(answer, STATUS)) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([], "answer is list, not StatusAnswer"),
        (None, "answer is NoneType, not StatusAnswer"),
        ({**ANSWER, "worker_count": True}, "answer.worker_count is bool, not integer"),
        ({**ANSWER, "worker_count": None}, "answer.worker_count is NoneType, not integer"),
        ({**ANSWER, "apps": "m:A"}, "answer.apps is str, not list"),
        ({**ANSWER, "apps": ["m:A", 1]}, "answer.apps[1] is int, not string"),
        ({**ANSWER, "queues": {"m:A": "1"}}, "answer.queues.m:A is str, not integer"),
        ({**ANSWER, "uptime": "3"}, "answer.uptime is str, not number"),
        ({**ANSWER, "draining": {"running": 1, "left": 1}}, "answer.draining lacks waiting"),
        (
            {**ANSWER, "workers": [{**WORKER, "pid": "2"}]},
            "answer.workers[0].pid is str, not integer",
        ),
        ({"arbiter_pid": 1, "workers": [], "worker_count": 0}, "answer lacks apps"),
    ],
)
def test_answers_that_are_not_as_declared(answer: object, told: str) -> None:
    (line,) = misfits(answer, STATUS)
    assert line.startswith(told)


@pytest.mark.parametrize(("key", "fits"), [(None, True), (b"k", True), ([1], False), ({}, False)])
def test_scalars_are_all_but_containers(key: object, fits: bool) -> None:
    assert (
        not list(misfits([key], ResultType("list", ResultType("scalar", None, ""), "")))
    ) == fits


def test_every_type_that_a_form_names_is_known() -> None:
    def types(what: ResultType) -> list[ResultType]:
        return [what, *(types(what.of) if what.of else [])]

    for form in FORMS.values():
        for field in form.fields:
            for what in types(field.type):
                assert not what.form or what.form in FORMS
