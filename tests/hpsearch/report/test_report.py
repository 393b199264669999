"""The page and its files: from real and made-up studies, empty ones and hostile words."""

from __future__ import annotations

import csv
import json
import re
from contextlib import ExitStack
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from support import made_up_arms as made_up
from support import plausible, studies

from hpsearch.cli.main import main
from hpsearch.report import files, svg
from hpsearch.report.charts.bundle import vega_script
from hpsearch.report.charts.dimensions import NONE_AT
from hpsearch.report.files import write_report
from hpsearch.report.page import environment, render
from hpsearch.report.report import Report
from hpsearch.study.importance import importances
from hpsearch.study.lock import study_lock
from hpsearch.study.records import Provenance, StudyRecord, TrialState
from hpsearch.study.spec import load_spec
from hpsearch.study.store import find_study
from trainables.base.errors import InputError

VOID = {"meta", "br", "wbr", "link", "img", "input"}
STATES = [TrialState.COMPLETE] * 9 + [TrialState.PRUNED] * 6 + [TrialState.FAILED, TrialState.RUNNING]


class Page(HTMLParser):
    """Reads a page, fails where elements do not nest, and keeps what it shows and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        """The texts of each kind of element, by its last two tags, such as `circle/title`."""
        self.feed(text)
        assert self.open == []

    def handle_data(self, data: str) -> None:
        self.texts.setdefault("/".join(self.open[-2:]), []).append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.fetched += [
            value or "" for name, value in attrs if name in ("src", "href", "data", "xlink:href")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


FINE = studies.SPACE.replace("step: 0.1", "step: 0.0001")
"""The made-up problem with more designs than are tried: no design is tried twice."""


def real_study(root: Path, trials: int = 40) -> None:
    """Search the made-up problem below `root`."""
    folder = root / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: median, budget: {trials: 40}}", FINE)
    study = studies.open_in(folder, spec)
    for _ in range(trials):
        studies.train(study, study.ask())


def page_of(study: StudyRecord) -> str:
    text = render(Report(study)).html
    assert Page(text).fetched == []
    assert "default-src 'none'" in text, "a browser refuses whatever the page would fetch all the same"
    text = text.replace(vega_script(), "")
    assert set(re.findall(r"https?://[^\"<\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text and "url(" not in text
    return text


def data_of(text: str) -> dict[str, Any]:
    """Return the data of a page's charts: its trials and specifications."""
    found = re.search(r'<script type="application/json" id="data">(.*)</script>', text)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_nests_fetches_nothing_and_begins_with_the_verdict(tmp_path: Path) -> None:
    text = page_of(plausible.study(tmp_path, STATES))
    places = [
        text.index(words) for words in ("not decided", "Leaderboard", "Learning curves", "What matters")
    ]
    assert places == sorted(places)
    assert "What pruning saved" in text
    assert "The paper" not in text


def test_a_table_of_the_paper_has_its_rows_and_claims_on_the_page() -> None:
    text = page_of(made_up.table("table1_flags_heads", lambda config: 7.0 + 0.01 * config.seed, 39))
    assert "ours 4\u202f500, the paper's about 1\u202f100\u202f000" in text
    assert "ours − paper" not in text
    assert "Table 1 of the paper" in text
    assert "ETH-XGaze" in text and "other data" in text
    for claim in ("C01", "C07"):
        assert f"<td>{claim}</td>" in text
    assert "not tested at this size" in text
    assert "too close to call" in page_of(made_up.table("table1_flags", lambda config: 7.0))


@pytest.mark.parametrize("states", [[], [TrialState.RUNNING], [TrialState.FAILED], [TrialState.PRUNED] * 3])
def test_a_study_without_a_finished_trial_has_a_page(tmp_path: Path, states: list[TrialState]) -> None:
    assert "No trial has finished." in page_of(plausible.study(tmp_path, states))


def test_a_trial_without_epochs_and_values_that_are_no_numbers_do_not_stop_the_page() -> None:
    trials = [
        made_up.trial(0, made_up.config(), None, state=TrialState.FAILED),
        made_up.trial(1, made_up.config(seed=1), float("nan"), state=TrialState.FAILED),
        made_up.trial(2, made_up.config(seed=2), 5.0),
        made_up.trial(3, made_up.config({"rotation": {}}), float("inf"), state=TrialState.PRUNED),
    ]
    page_of(made_up.study(trials))


HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', 'it\'s "quoted" & {{ more }}')


def hostile_study(folder: Path, words: str) -> StudyRecord:
    """Return a study whose option, name, test, datasets, reasons and version are all `words`."""
    space = folder / "space.yaml"
    option = json.dumps(words)
    space.write_text(
        "data: {train: {dataset: heads}}\nepochs: 9\npretext: {choice: [none, puzzling]}\n"
        f"network: {{dropout: {{choice: {{{option}: 0.1, other: 0.2}}}}}}\n"
        "search: {sampler: grid}\n"
    )
    spec = load_spec(space)
    params = [
        {"network.dropout": dropout, "pretext": task}
        for dropout in (words, "other")
        for task in ("none", "puzzling")
    ]
    trials = [made_up.trial(n, spec.config(one), 5.0 + n, params=one) for n, one in enumerate(params)]
    trials.append(replace(trials[1], number=4, state=TrialState.PRUNED))
    again = [replace(trials[n], number=5 + n, confirms=n) for n in (0, 1)]
    marked = tuple(
        replace(one, reason=words, test={f"test/{words}/mae_deg": 1.0}) for one in (*trials, *again)
    )
    provenance = Provenance(20.0, {words: f"{words} @ 1"}, words)
    return replace(made_up.study([]), name=words, provenance=provenance, trials=marked)


@pytest.mark.parametrize("words", HOSTILE)
def test_words_of_a_study_are_text_wherever_the_page_shows_them(tmp_path: Path, words: str) -> None:
    text = page_of(hostile_study(tmp_path, words))
    page = Page(text)
    assert page.tags.count("script") == 3 and "img" not in page.tags, "data, Vega and the page's own"
    assert words in json.dumps(data_of(text), ensure_ascii=False).replace('\\"', '"')
    assert not [name for name in page.attributes if name.startswith("on")]
    shown = {kind: "".join(texts) for kind, texts in page.texts.items()}
    whole = ("head/title", "header/h1", "header/p", "div/span", "tr/td", "section/p", "body/footer")
    for kind in (*whole, "svg/title", "circle/title"):
        assert words in shown[kind], kind


def test_words_and_attributes_of_an_element_are_escaped_and_elements_are_not() -> None:
    inner = svg.tag("title", '<b> & "c"')
    written = svg.tag("g", inner, "</g>", fill='"/><script>', stroke_width=1.50)
    assert written == (
        '<g fill="&#34;/&gt;&lt;script&gt;" stroke-width="1.5">'
        "<title>&lt;b&gt; &amp; &#34;c&#34;</title>&lt;/g&gt;</g>"
    )


def test_only_drawings_and_vega_are_taken_as_markup() -> None:
    folder = Path(svg.__file__).parent
    made = {path.name: path.read_text().count("Markup(") for path in folder.rglob("*.py")}
    assert {name: count for name, count in made.items() if count} == {"svg.py": 1, "bundle.py": 1}
    templates = [path.read_text() for path in folder.rglob("*.j2")]
    assert templates
    assert not [text for text in templates if re.search(r"\bsafe\b|autoescape", text)]


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ page.nothing }}").render(page=made_up.study([]))


def test_the_command_writes_the_page_and_every_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real_study(tmp_path)
    assert main(["report", "demo", "--root", str(tmp_path)]) == 0
    page = tmp_path / "studies" / "demo" / "report.html"
    written = capsys.readouterr()
    assert written.out.splitlines() == [str(page), str(page.with_name("report.csv"))]
    assert written.err == ""
    Page(page.read_text(encoding="utf-8"))
    with page.with_name("report.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = sorted(int(number) for row in rows for number in row["trials"].split())
    assert numbers == list(range(40))
    finished = [float(row["objective_mean"]) for row in rows if row["objective_mean"] and row["seeds"] == "1"]
    assert finished == sorted(finished)


def test_the_page_is_written_to_the_named_file_or_folder(tmp_path: Path) -> None:
    study = plausible.study(tmp_path / "study", STATES)
    assert write_report(study, tmp_path / "new" / "a.html").files[0] == tmp_path / "new" / "a.html"
    assert write_report(study, tmp_path).files[0] == tmp_path / "report.html"


@pytest.mark.parametrize("name", ["space.yaml", "a.html", "a.csv", "folder.html"])
def test_nothing_is_overwritten_that_is_no_report(tmp_path: Path, name: str) -> None:
    study, page = plausible.study(tmp_path / "study", STATES), tmp_path / "a.html"
    for _ in range(2):  # its own page and tables are
        written = write_report(study, page).files
    page.write_text(page.read_text().replace('<meta name="generator" content="hpsearch">\n', ""))
    write_report(study, page)  # also those of before this line
    out = tmp_path / name if name != "a.csv" else page
    if name == "folder.html":
        (out / "report.html").mkdir(parents=True)
    else:
        (tmp_path / name).write_text("a,b\nof somebody else's\n")
    before = {file: file.read_bytes() for file in (*written, out) if file.is_file()}
    with pytest.raises(InputError, match="no report wrote this file"):
        write_report(study, out)
    assert {file: file.read_bytes() for file in before} == before


def test_a_page_links_to_what_lies_beside_it(tmp_path: Path) -> None:
    real_study(tmp_path, trials=9)
    study = find_study(tmp_path, "demo")
    (study.folder / "best.pt").write_bytes(b"weights")
    page = write_report(study, tmp_path / "a page.html").files[0]
    linked = [href for href in Page(page.read_text()).fetched if href]
    assert [unquote(href) for href in linked] == [
        "a page.csv",
        "studies/demo/space.yaml",
        "studies/demo/best.pt",
    ]
    assert all((tmp_path / unquote(href)).is_file() for href in linked)


def test_watching_writes_the_page_when_the_study_changes_and_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "RENEWS_S", 0.01)
    real_study(tmp_path, trials=3)
    pages: list[str] = []
    with ExitStack() as running:
        running.enter_context(study_lock(tmp_path / "studies" / "demo"))
        reads = iter((lambda: None, lambda: None, running.close))

        def read() -> StudyRecord:
            next(reads)()
            return find_study(tmp_path, "demo")

        files.watch_report(read, None, lambda written: pages.append(written.files[0].read_text()))
    assert ["renews itself" in page for page in pages] == [True, False], "not where nothing has changed"


def test_an_unknown_study_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "demo", "--root", str(tmp_path)]) == 2
    assert "no study 'demo'" in capsys.readouterr().err


def test_importance_finds_what_the_made_up_problem_turns_on(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    space = studies.SPACE.replace("step: 0.1", "step: 0.02")
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: none}", space)
    study = studies.open_in(folder, spec)
    for _ in range(80):
        studies.train(study, study.ask())
    shares = importances(study.record())
    assert set(shares) == {"pretext", "network.dropout", "pretext.grid", "pretext.flag"}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares["pretext"], shares["network.dropout"]) > shares["pretext.grid"]
    assert importances(replace(study.record(), trials=study.record().trials[:5])) == {}


@given(low=st.floats(0.01, 100), span=st.floats(0.01, 1000), value=st.floats(-1e4, 1e4))
def test_a_scale_stays_inside_its_ends(low: float, span: float, value: float) -> None:
    assert 40 <= svg.Scale(low, low + span, 40, 200)(value) <= 200


def test_vega_lite_takes_every_chart_and_every_trial_lies_inside_its_axes(tmp_path: Path) -> None:
    """The compiler that the page uses reports what it does not know; bounds are those of the scales."""
    data = data_of(page_of(plausible.study(tmp_path, STATES)))
    trials, specs = data["trials"], data["specs"]
    assert {trial["state"] for trial in trials} == {"complete", "pruned", "failed", "running"}
    assert {"parallel", "curves", "slice-p0"} <= specs.keys()
    for name, spec in specs.items():
        compiled = json.dumps(vl_convert.vegalite_to_vega(spec, vl_version="6.1"))
        assert '"marks"' in compiled, name
    for trial in trials:
        assert all(NONE_AT - 0.06 < trial[f"p{n}"] <= 1 for n in range(5))
        low, high = specs["slice-p0"]["usermeta"]["errors"]["whole"]
        assert trial["error"] is None or low <= trial["error"] <= high
    alone = [trial for trial in trials if trial["task"] == "none"]
    assert alone and all(abs(trial["p1"] - NONE_AT) < 0.05 for trial in alone), "it has no flag, and stays"
