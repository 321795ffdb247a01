"""What becomes of results: JSON and back, tables, the plot, the published documents."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks import history, plot, publish, report
from benchmarks.figures import from_json
from benchmarks.samples import BenchmarkError, Series

from .results import made_up

SVG = "{http://www.w3.org/2000/svg}"


def test_json_and_back() -> None:
    results = made_up()
    data = json.loads(json.dumps(results.as_json()))
    assert from_json(data) == results
    runtime = data["parts"][1]["figures"][0]["series"]["gunicorn"]
    assert runtime.pop("rounds") == [5e-4, 8e-4, 6e-4]
    assert runtime == pytest.approx({"median": 6e-4, "q1": 5.5e-4, "q3": 7e-4})


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 0"):
        from_json(made_up().as_json() | {"format": 0})


def test_a_table() -> None:
    codec, runtime, large, _ = made_up().parts
    assert report.part_grid(runtime).rows[0] == [
        "round trip p50",
        "6.00",
        "100 µs",
        "600 µs",
        "50 %",
    ]
    grid = report.part_grid(codec)
    assert grid.head == ["", "× gunicorn", "× msgspec", "gdproto, C", "gunicorn", "msgspec"]
    assert grid.rows[-2:] == [
        ["geometric mean, encode", "100", "2.00", "", "", ""],
        ["geometric mean, decode", "26.0", "2.00", "", "", ""],
    ]
    assert report.part_grid(large).rows[0] == ["beside p99", "–", "9.9 ms", "–"]


def test_every_row_is_as_wide_as_its_head() -> None:
    for grid in report.grids(made_up()):
        assert {len(row) for row in grid.rows} == {len(grid.head)}, grid.title


def test_markdown() -> None:
    text = report.markdown(made_up())
    assert "| round trip p50 | 6.00 | 100 µs | 600 µs | 50 % |" in text
    assert "| idle arbiter | 0.1 % of a core | < 0.1 % of a core | **no** |" in text
    assert text.endswith("- a quick run: fewer and shorter rounds, rougher figures")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1.234e-8, "s", "12.3 ns"),
        (1.234e-4, "s", "123 µs"),
        (9.5, "s", "9.5 s"),
        (12345.6, "1/s", "12,346/s"),
        (5.25e6, "B", "5.2 MB"),
        (0.0271, "%", "0.027 %"),
        (3264.8, "instructions", "3,265"),
    ],
)
def test_units(value: float, unit: str, expected: str) -> None:
    assert report.value(Series([value]), unit) == expected


def test_the_plot_shows_each_ratio_in_its_place() -> None:
    root = ElementTree.fromstring(plot.svg(made_up()))
    titles = [one.text for one in root.iter(f"{SVG}title")]
    assert len(titles) == 22
    assert "6.00 times as good as gunicorn" in titles
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert "Runtime <here> (gdproto)" in texts
    dots = [one for one in root.iter(f"{SVG}circle") if one.find(f"{SVG}title") is not None]
    left = min(float(one.attrib["cx"]) for one in dots)
    right = max(float(one.attrib["cx"]) for one in dots)
    assert plot.LEFT < left < right <= plot.WIDTH - plot.RIGHT


def test_an_axis_is_logarithmic() -> None:
    scale = plot.Scale(0.1, 100.0)
    assert scale.ticks == pytest.approx([0.1, 1.0, 10.0, 100.0])
    places = [scale.x(tick) for tick in scale.ticks]
    assert places[0] == plot.LEFT
    assert places[-1] == plot.WIDTH - plot.RIGHT
    steps = {round(b - a) for a, b in itertools.pairwise(places)}
    assert len(steps) == 1


def test_a_plot_of_nothing() -> None:
    results = made_up()
    results.parts = []
    assert ElementTree.fromstring(plot.svg(results)).tag.endswith("svg")


def test_the_published_documents_are_those_of_the_published_run() -> None:
    for path, text in publish.documents(publish.runs()).items():
        assert path.read_text() == text, f"{path.name}: run python -m benchmarks.publish"


def test_a_full_run_is_published() -> None:
    for results in publish.runs().values():
        assert not results.quick
        parts = {part.key for part in results.parts}
        assert parts >= {"codec", "runtime", "large", "floor", "pool"}


def test_the_history_has_a_line_for_each_part_and_rival_run_by_run() -> None:
    lines = history.means({"2026-01-01T0000": made_up(), "2026-01-02T0000": made_up()})
    assert lines
    assert all(first == second for first, second in lines.values())
    drawn = ElementTree.fromstring(history.svg(publish.runs()))
    found = drawn.findall(f"{SVG}polyline")
    assert len(found) == len(history.means(publish.runs()))


def test_a_figure_that_was_not_taken_is_left_out_of_the_history() -> None:
    short = made_up()
    left_out, *short.parts = short.parts
    runs = {"2026-01-01T0000": short, "2026-01-02T0000": made_up()}
    missing = [line for (title, _), line in history.means(runs).items() if title == left_out.title]
    assert missing
    assert all(first is None and second is not None for first, second in missing)
    assert "–" in history.table(runs)


def test_tables_go_between_the_marks() -> None:
    text = f"before\n{publish.BEGIN}\nold\n{publish.END}\nafter"
    found = publish.with_tables(text, made_up())
    assert found.startswith(f"before\n{publish.BEGIN}\n**Codec**")
    assert found.endswith(f"{publish.END}\nafter")
    assert "old" not in found
    assert publish.with_tables(found, made_up()) == found


def test_marks_are_needed() -> None:
    with pytest.raises(BenchmarkError, match="has no"):
        publish.with_tables("before", made_up())
