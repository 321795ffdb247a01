"""The playground by clicks and keys, and every vector in it."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import gdproto
from gdproto.conformance.cases import Case
from gdproto.conformance.judging import Declaration, Question, judge, questions
from gdproto.conformance.judging.outcomes import Outcome
from gdproto.conformance.live.pcapng import Capture
from tests.vectors import CASES

AT_ONCE = 200
DECLARATION = Declaration(
    frozenset(("decode", "encode", "parse", "serialize", "session")),
    frozenset(("client", "arbiter", "lane", "worker")),
    frozenset(("scope", "offset", "path")),
    {},
    {"non-string-keys": "refused"},
)
# Digests are made where the bytes are.
ASK = """async (commands) => {
  const { answered, hex } = globalThis.playground;
  const answers = [];
  for (const command of commands) {
    let held = null;
    const answer = answered(command, (bytes, digest) => {
      held = digest ? bytes : null;
      return digest ? {} : { bytes: hex(bytes) };
    });
    if (held) {
      answer.sha256 = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", held)));
    }
    answers.push(answer);
  }
  return JSON.stringify(answers);
}"""


@pytest.fixture
def playground(page: Page, site: str) -> Page:
    page.goto(f"{site}playground/")
    ready(page)
    return page


def ready(page: Page) -> None:
    page.wait_for_selector("#workbench[data-ready]")


def in_parts(asked: Iterator[tuple[Case, Question]]) -> Iterator[list[tuple[Case, Question]]]:
    while part := list(islice(asked, AT_ONCE)):
        yield part


@pytest.mark.timeout(600)
def test_every_vector_runs_in_it_and_agrees(playground: Page) -> None:
    everything = ((case, one) for case in CASES.values() for one in questions(case))
    count = 0
    for part in in_parts(everything):
        commands = [{"op": one.op, **one.fields} for _, one in part]
        answers: list[Any] = json.loads(playground.evaluate(ASK, commands))
        for (case, one), answer in zip(part, answers, strict=True):
            verdict = judge(case, one, answer, DECLARATION)
            assert verdict.outcome is Outcome.PASS, (case.id, one.op, verdict.reason)
            count += 1
    assert count > len(CASES)


def test_a_message_is_written_as_json_and_read_from_its_bytes(playground: Page) -> None:
    form = {"type": "END", "request_id": "9"}
    playground.fill("#json-text", json.dumps(form))
    expect(playground.locator("#outcome")).to_have_text("Valid: a END, 16 bytes.")
    expect(playground.locator("#bytes-text")).to_have_value(
        "47 44 01 05 00 00 00 00 00 00 00 00 00 00 00 09"
    )
    playground.fill("#bytes-text", "R0QBBQAAAAAAAAAAAAAACg==")
    assert json.loads(playground.input_value("#json-text"))["request_id"] == "10"
    playground.fill("#bytes-text", "zz!")
    expect(playground.locator("#outcome")).to_contain_text("neither hex nor base64")
    playground.fill("#json-text", '{"a": [1, 2.5, {"bytes": "00ff"}]}')
    expect(playground.locator("#outcome")).to_contain_text("Valid: a value, 41 bytes.")


def test_an_edited_byte_shows_what_breaks(playground: Page) -> None:
    playground.fill("#bytes-text", "2000000002 0101 0100")
    expect(playground.locator("#outcome")).to_contain_text("Valid")
    playground.click(".bytes-grid button[data-index='6']")
    playground.keyboard.press("0")
    playground.keyboard.press("7")
    outcome = playground.locator("#outcome")
    expect(outcome).to_contain_text("invalid_bool at byte 6 in [0]")
    expect(outcome).to_contain_text("What dies of it: the exchange.")
    expect(outcome.locator("a").first).to_have_attribute("href", "../api/errors/#invalid_bool")
    expect(playground.locator(".bytes-grid .fault")).to_have_attribute("data-index", "6")
    expect(playground.locator("tr.fault")).to_contain_text("invalid_bool")
    # The next byte has the keys now.
    expect(playground.locator(".bytes-grid button:focus")).to_have_attribute("data-index", "7")
    playground.keyboard.press("ArrowLeft")
    playground.keyboard.press("Delete")
    expect(playground.locator("#outcome")).to_contain_text("Valid: a value, 8 bytes.")


def test_a_byte_its_field_and_its_sentence_light_up_together(playground: Page) -> None:
    playground.hover(".bytes-grid button[data-index='5']")
    expect(playground.locator("tr.lit")).to_contain_text("length")
    lit = playground.locator(".bytes-grid button.lit")
    assert [one.get_attribute("data-index") for one in lit.all()] == ["4", "5", "6", "7"]
    expect(playground.locator("#sentence")).to_contain_text("GD-FRAME-005")
    playground.hover("tr[data-part='0']")
    expect(playground.locator("#sentence")).to_contain_text("GD-FRAME-002")


def test_a_link_leads_to_the_same_bytes(playground: Page, page: Page) -> None:
    playground.fill("#bytes-text", "0102")
    playground.click("text=Copy a link to this")
    link = playground.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    expect(page.locator("#bytes-text")).to_have_value("01 02")
    expect(page.locator("#outcome")).to_contain_text("invalid_bool at byte 1")


def test_what_is_shown_is_kept_as_a_vector(playground: Page, tmp_path: Path) -> None:
    playground.fill("#bytes-text", "0102")
    with playground.expect_download() as download:
        playground.click("text=Download as a vector")
    kept = json.loads(Path(download.value.path()).read_text())
    assert (kept["kind"], kept["result"], kept["bytes"]) == ("value", "invalid", "0102")
    assert kept["error"] == {
        "code": "invalid_bool", "scope": "exchange", "offset": 1, "path": ""
    }  # fmt: skip
    assert kept["requires"] == ["GD-TLV-002"]


def test_a_vector_opens_by_one_click(page: Page, site: str) -> None:
    page.goto(f"{site}vectors/?code=invalid_bool&words=quoted")
    page.click("text=open")
    ready(page)
    expect(page.locator("#vector")).to_contain_text("dict-path-quoted")
    expect(page.locator("#vector .good")).to_contain_text("As it expects: invalid_bool")
    page.goto(f"{site}vectors/containers/")
    page.click("#dict-path-quoted a:has-text('open in the playground')")
    ready(page)
    expect(page.locator("#vector .good")).to_contain_text("As it expects: invalid_bool")


def test_a_session_goes_step_by_step(page: Page, site: str) -> None:
    page.goto(f"{site}playground/?vector=as-arbiter/arbiter-idle-receives-request")
    ready(page)
    steps = page.locator(".steps tbody tr")
    expect(steps).to_have_count(2)
    expect(page.locator(".steps .good")).to_have_count(2)
    page.click("text=It receives the bytes")
    expect(steps).to_have_count(3)
    page.click("text=It receives the bytes")
    expect(steps.last).to_contain_text("duplicate_request_id")
    page.click("text=Start anew")
    expect(steps).to_have_count(0)


COPIED = "() => navigator.clipboard.readText()"


def say(page: Page, who: str, message: str) -> None:
    chosen = page.locator(".say label")
    chosen.filter(has_text=re.compile("^Who")).locator("select").select_option(who)
    chosen.filter(has_text=re.compile("^sends")).locator("select").select_option(message)
    page.get_by_role("button", name="Send it").click()


def taken(page: Page) -> list[tuple[str, str]]:
    """The message and the words of each cell that lights up."""
    cells = page.locator(".states [aria-current]")
    return [(one.locator("xpath=../th").inner_text(), one.inner_text()) for one in cells.all()]


def test_two_ends_talk_and_the_table_lights_up(playground: Page) -> None:
    playground.get_by_label("with id").fill("7")
    say(playground, "client", "REQUEST")
    assert taken(playground) == [("REQUEST", "→ calling\ntaken: client, arbiter")]
    now = playground.locator(".states th.now")
    expect(now).to_have_text("callingnow: client, arbiter")
    expect(playground.locator(".open tr").last).to_have_text("7callingcalling")
    say(playground, "arbiter", "CHUNK")
    expect(now).to_have_text("streamingnow: client, arbiter")
    # After a CHUNK there may be no RESPONSE: neither goes, nor changes anything.
    say(playground, "arbiter", "RESPONSE")
    moves = playground.locator("#moves")
    expect(moves).to_contain_text("may not send RESPONSE 7: unexpected_message, of scope exchange")
    expect(moves.locator("a")).to_have_text(["GD-EXCH-009", "GD-EXCH-021"])
    expect(moves.locator("a").first).to_have_attribute("href", "../spec/06-exchanges/#GD-EXCH-009")
    expect(playground.locator(".steps tr").last).to_contain_text("refused: unexpected_message")
    expect(now).to_have_text("streamingnow: client, arbiter")
    # All the same it may come, from whoever has no such codec.
    playground.get_by_label("Also what its codec refuses").check()
    say(playground, "arbiter", "RESPONSE")
    expect(moves).to_contain_text(
        "In streaming, the client receives RESPONSE 7: unexpected_message"
    )
    expect(now.nth(0)).to_have_text("idlenow: client")
    expect(now.nth(1)).to_have_text("streamingnow: arbiter")
    say(playground, "client", "END")
    expect(moves).to_contain_text("the arbiter receives END 7: unexpected_message")
    expect(moves.locator("a", has_text="GD-EXCH-004").first).to_be_visible()


def test_what_may_not_open_an_exchange_is_told(playground: Page) -> None:
    playground.get_by_label("Seen as").select_option("worker")
    say(playground, "lane", "STASH")
    moves = playground.locator("#moves")
    expect(moves).to_contain_text("In idle, the lane may not send STASH 1: unexpected_message")
    expect(moves.locator("a").first).to_have_text("GD-EXCH-020")
    playground.get_by_label("with id").fill("x")
    playground.get_by_role("button", name="Send it").click()
    expect(playground.locator(".problem")).to_have_text("An id is a number below 2 to the 64th.")
    expect(playground.locator(".steps tbody tr")).to_have_count(1)


def test_a_session_is_gone_through_by_keys(page: Page, site: str) -> None:
    page.goto(f"{site}playground/?vector=as-client/client-streaming-receives-response")
    ready(page)
    steps = page.locator(".steps tbody tr")
    expect(page.locator(".steps .good")).to_have_count(steps.count())
    page.get_by_role("button", name="step 1").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".steps [aria-current=step]")).to_have_text("1")
    assert taken(page) == [("REQUEST", "→ calling\ntaken: client, arbiter")]
    expect(page.get_by_role("button", name="step 1")).to_be_focused()
    page.get_by_role("button", name="Step on").press("Space")
    assert taken(page) == [("CHUNK", "→ streaming\ntaken: client, arbiter")]
    page.get_by_role("button", name="Step on").press("Enter")
    assert taken(page) == [("RESPONSE", "✗ exchange\ntaken: client, arbiter")]
    page.get_by_role("button", name="Step back").press("Enter")
    assert taken(page) == [("CHUNK", "→ streaming\ntaken: client, arbiter")]


def test_a_link_leads_to_the_same_session(playground: Page, page: Page) -> None:
    say(playground, "client", "REQUEST")
    say(playground, "arbiter", "RESPONSE")
    say(playground, "client", "CANCEL")
    playground.get_by_role("button", name="Step back").click()
    shown = playground.locator(".session").inner_text()
    playground.get_by_role("button", name="Copy a link to this session").click()
    playground.wait_for_function(f"({COPIED})().then((text) => text.includes('#session=1.'))")
    link = playground.evaluate(COPIED)
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    assert page.locator(".session").inner_text() == shown
    assert page.url == link
    # And in a tab that is at the playground already.
    page.get_by_role("button", name="Start anew").click()
    expect(page.locator(".steps tbody tr")).to_have_count(0)
    page.evaluate("link => { location.href = link; }", link)
    expect(page.locator(".steps tbody tr")).to_have_count(3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("9.e30", "a session of version 9; this page reads 1"),
        ("1.e3", "cut off, or changed on its way"),
        ("1.e30", "no role, or no steps"),
    ],
)
def test_a_link_that_is_none_says_so(page: Page, site: str, text: str, told: str) -> None:
    page.goto(f"{site}playground/#session={text}")
    ready(page)
    expect(page.locator("#vector .bad")).to_have_text(f"This link opens no session: {told}.")


def test_a_recorded_frame_opens_by_one_click(page: Page, site: str) -> None:
    page.goto(f"{site}design/travel/")
    page.locator("svg.travel a").filter(has_text=re.compile(r"^RESPONSE \d+ 5$")).first.click()
    ready(page)
    expect(page.locator("#outcome")).to_contain_text("Valid: a RESPONSE")


def captured() -> bytes:
    """What a relay writes of a call, of a stream that ends too early, and of what is no frame."""
    file = io.BytesIO()
    capture = Capture(file)
    capture.connected(0)
    capture.sent(0, True, gdproto.Request(7, "a:A", "go").to_bytes())
    capture.sent(0, False, gdproto.Chunk(7, "one").to_bytes() + gdproto.End(7).to_bytes()[:9])
    return file.getvalue()


def test_the_frames_of_a_capture_are_opened(playground: Page, tmp_path: Path) -> None:
    (tmp_path / "seen.pcapng").write_bytes(captured())
    playground.set_input_files("input[type=file]", tmp_path / "seen.pcapng")
    frames = playground.locator(".captured tbody tr")
    expect(frames).to_have_count(3)
    expect(playground.locator("#capture")).to_contain_text("seen.pcapng: 3 frames.")
    expect(playground.locator("#outcome")).to_contain_text("Valid: a REQUEST")
    playground.get_by_role("button", name="CHUNK 7").click()
    expect(playground.locator("#outcome")).to_contain_text("Valid: a CHUNK")
    expect(playground.locator("tr.lit button[aria-pressed=true]")).to_have_text("CHUNK 7")
    playground.keyboard.press("Tab")
    playground.keyboard.press("Enter")
    expect(playground.locator("#outcome")).to_contain_text("truncated at byte 9")
    expect(playground.locator(".parts tbody tr").first).to_contain_text("9 of the 16 bytes")


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_a_capture_is_pasted(playground: Page, form: str) -> None:
    held = captured()
    playground.fill("#bytes-text", held.hex() if form == "hex" else b64encode(held).decode())
    expect(playground.locator(".captured tbody tr")).to_have_count(3)
    expect(playground.locator("#outcome")).to_contain_text("Valid: a REQUEST")
    playground.fill("#bytes-text", held[:60].hex())
    expect(playground.locator("#outcome")).to_contain_text(
        "Not read: no frame of GD in this capture"
    )
    expect(playground.locator(".captured")).to_be_hidden()


DROP = """([name, held]) => {
  const files = new DataTransfer();
  const bytes = Uint8Array.from(atob(held), (unit) => unit.charCodeAt(0));
  files.items.add(new File([bytes], name));
  const event = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
  document.getElementById("json-text").dispatchEvent(event);
}"""


def test_a_file_is_dropped(playground: Page) -> None:
    playground.evaluate(DROP, ["a.pcapng", b64encode(captured()).decode()])
    expect(playground.locator(".captured tbody tr")).to_have_count(3)
    playground.evaluate(DROP, ["a.png", b64encode(b"\x89PNG").decode()])
    outcome = playground.locator("#outcome")
    expect(outcome).to_contain_text("Not read: no capture: it begins with 89 50 4e 47")
    expect(playground.locator(".captured")).to_be_hidden()
