"""JUnit's XML: a suite for each testee, a test case for each case."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from ..judging.outcomes import Outcome, Result, Run

# What XML 1.0 cannot hold.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ERRORS = (Outcome.CRASHED, Outcome.TIMEOUT)
FAILURES = (Outcome.FAIL, Outcome.UNEXPECTED_PASS)
SKIPPED = (Outcome.UNSUPPORTED, Outcome.KNOWN_FAILURE)


def render(runs: Sequence[Run]) -> str:
    """The document. Complaints beside single cases are a case of their own that failed."""
    root = ET.Element("testsuites")
    for run in runs:
        root.append(_suite(run))
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(run: Run) -> ET.Element:
    results = list(run.results.values())

    def count(*outcomes: Outcome) -> str:
        return str(sum(one.outcome in outcomes for one in results))

    tests = len(results) + len(run.complaints)
    suite = ET.Element("testsuite", name=run.testee, tests=str(tests))
    suite.set("failures", str(int(count(*FAILURES)) + len(run.complaints)))
    suite.set("errors", count(*ERRORS))
    suite.set("skipped", count(*SKIPPED))
    suite.set("time", f"{sum(one.seconds for one in results):.3f}")
    suite.extend(_case(run, one) for one in results)
    for complaint in run.complaints:
        case = ET.SubElement(suite, "testcase", classname=run.testee, name="the run")
        ET.SubElement(case, "failure", message=_clean(complaint))
    return suite


def _case(run: Run, result: Result) -> ET.Element:
    case = ET.Element("testcase", classname=run.testee, name=result.case)
    case.set("time", f"{result.seconds:.4f}")
    message = _clean(f"{result.outcome}: {result.reason}" if result.reason else result.outcome)
    if result.outcome in SKIPPED:
        ET.SubElement(case, "skipped", message=message)
    elif result.outcome in FAILURES or result.outcome in ERRORS:
        tag = "error" if result.outcome in ERRORS else "failure"
        ET.SubElement(case, tag, message=message).text = _clean(", ".join(result.requires))
    if result.stderr:
        ET.SubElement(case, "system-err").text = _clean(result.stderr)
    return case


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
