"""A report as a page: what it holds, that nothing in it runs, loads or turns the text around, and how a browser shows it."""

import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from cadre_rules.audits.running import audit
from cadre_rules.checks import check
from cadre_rules.cli import main
from cadre_rules.cli.outputs import FOUND
from cadre_rules.findings import Report
from cadre_rules.reports import audit_page
from cadre_rules.reports.audit_page import render_audit
from cadre_rules.reports.html import STATIC, Entry, Line, Page, inert, linked, render_html, render_page
from cadre_rules.sources.files import Rejected, read_dossiers
from cadre_rules.wording import LEVELS, day_text, phrase
from small import TODAY, appointment, small, vn

FIXTURES = Path(__file__).parent.parent / "fixtures"
DAY = date(2026, 11, 23)
DAY_OF_FIGURES = date(2025, 6, 30)
HOSTILE = (
    "<script>window.ran=1</script>",
    "</script><img src=//evil.invalid/x onerror=window.ran=1>",
    "=cmd|'/c calc'!A1",
    "{{ 7 * 7 }}{% raw %}",
    "\"'><svg/onload=window.ran=1>",
    "Trần \u202egnoàh nêyugN\u202c \u2067x\u2069\u200f",
    "dòng\u2028đứt\u2029\x00\x1b\ud800",
    "javascript:alert(1)",
    "Nguyễn " + "ư" * 10_000,
)


@cache
def mixed(lang: Any = "vi") -> Report:
    """Return a report with something of everything a page shows."""
    names = ("five-breaches", "report-figures", "district-secretary-home-town-unstated", "standing-committee-without-women")
    read = [one for name in names for one in read_dossiers(str(FIXTURES / f"{name}.yaml"))]
    dossiers = [one for one in read if not isinstance(one, Rejected)]
    return replace(
        check(dossiers, vn(), today=DAY, lang=lang, mending=True), rejected=({"where": "a.yaml:3", "reason": "không hiểu ngày"},)
    )


def hostile() -> Report:
    """Return a report every text of which that comes of input is one of HOSTILE."""
    given = [
        appointment(
            id=text,
            title=text,
            deputies_after=9,
            person={"name": text, "kin": None, "planning": []},
            post={"title": text, "unit": text, "vacant": True},
            authority={"office": text, "head": text},
        )
        for text in map(str, HOSTILE)
        if "\ud800" not in text
    ]
    report = check(given, small(), today=TODAY)
    spoilt = tuple(replace(finding, message=HOSTILE[n % len(HOSTILE)]) for n, finding in enumerate(report.findings))
    assert len(spoilt) >= len(HOSTILE)
    return replace(report, findings=spoilt, rejected=tuple({"where": text, "reason": text} for text in HOSTILE), notices=HOSTILE)


class _Seen(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, its text, its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] in (["script"], ["style"]):
            self.raw[self.inside[-1]].append(data)
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def audited(tmp_path: Path, lines: list[dict[str, Any]], lang: str = "vi") -> str:
    source = tmp_path / "decisions.jsonl"
    source.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    found = audit(source, small(), out=tmp_path / "out", today=TODAY)
    return render_audit(found.findings, found.shares, found.rejected, found.summary, found.manifest["inputs"], small(), lang)


def decisions(count: int) -> list[dict[str, Any]]:
    return [
        appointment(
            id=f"hs-{n}",
            deputies_after=(1, 9, None)[n % 3],
            post={"title": "Giám đốc", "unit": f"Sở {'ABC'[n % 3]}", "vacant": True},
            days={"process_started": "2020-02-01", "decided": f"{2020 + n % 5}-06-01"},
        )
        for n in range(count)
    ]


PAGES: dict[str, Callable[[Path], str]] = {
    "check": lambda _: render_html(mixed()),
    "check in English": lambda _: render_html(mixed("en")),
    "nothing found": lambda _: render_html(replace(mixed(), findings=())),
    "hostile check": lambda _: render_html(hostile()),
    "audit": lambda folder: audited(folder, decisions(9)),
    "audit in English": lambda folder: audited(folder, decisions(9), "en"),
    "hostile audit": lambda folder: audited(
        folder,
        [
            appointment(id=text, deputies_after=9, post={"title": text, "unit": text, "vacant": True}, authority={"head": text})
            for text in HOSTILE
            if "\ud800" not in text
        ],
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_all_it_needs_and_lets_nothing_else_run(tmp_path: Path, name: str) -> None:
    page = PAGES[name](tmp_path)
    seen = _Seen(page)
    policy = next(a["content"] or "" for tag, a in seen.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    running = [text for tag, text in zip(["data", "code"], seen.raw["script"], strict=False) if tag == "code"]
    for text in (*running, *seen.raw["style"]):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert len(seen.raw["style"]) == 1
    assert len(running) <= 1
    for tag, attributes in seen.elements:
        assert tag not in ("img", "iframe", "object", "embed", "link", "base", "video", "audio")
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset", "action")]
        assert (attributes.get("href") or "#").startswith(("#", "http://", "https://"))
    assert inert(page) == page


@pytest.mark.parametrize("name", ["hostile check", "hostile audit"])
def test_hostile_text_is_shown_as_text(tmp_path: Path, name: str) -> None:
    page = PAGES[name](tmp_path)
    seen = _Seen(page)
    assert [tag for tag, _ in seen.elements if tag in ("script", "svg", "img")].count("script") == 2
    shown = seen.text + json.dumps(data_of(page), ensure_ascii=False)
    for part in ("window.ran=1", "=cmd|'/c calc'!A1", "{{ 7 * 7 }}", "[U+202E]gnoàh nêyugN[U+202C]", "ư" * 10_000):
        assert part in shown
    assert "49{%" not in shown


def test_links_lead_to_the_web_and_nowhere_else() -> None:
    assert linked("Điều 4 https://vbpl.vn/a") == Line("Điều 4", link="https://vbpl.vn/a")
    assert linked("Điều 4 javascript:alert(1)") == Line("Điều 4 javascript:alert(1)")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_page_tells_what_the_report_tells(lang: str) -> None:
    report = mixed(lang)
    page = render_html(report)
    text, data = " ".join(_Seen(page).text.split()), data_of(page)
    assert len(data["findings"]) == len(report.findings)
    for finding in report.findings:
        told = [*(e.label for e in finding.evidence), finding.title, finding.fingerprint, finding.responsible, *finding.notes]
        told += [change.text for changes in finding.mended_by for change in changes]
        told += [ask for ways in finding.waits_for for wait in ways for ask in wait.ask]
        told += [] if finding.level == "information_missing" else [finding.message, finding.remedy]
        for said in [*told, day_text(finding.as_of, lang), phrase(finding.level, lang)]:
            assert " ".join(said.split()) in text
    for line in report.subjects:
        assert line.title in text
    for met in report.met:
        assert met.title in text
    for ask, place in ((ask, place) for place, ask, _ in report.questions()):
        assert ask in text
        assert place in text
    for said in ("a.yaml:3", "không hiểu ngày", phrase("inform", lang), day_text(date(2026, 8, 31), lang), *report.notices):
        assert said in text
    links = {attributes.get("href") for _, attributes in _Seen(page).elements}
    assert {citation.link for finding in report.findings for citation in finding.provisions if citation.link} <= links


def test_a_page_tells_what_became_of_findings(tmp_path: Path) -> None:
    file, page = str(FIXTURES / "five-breaches.yaml"), tmp_path / "r.html"
    kept = ["--register", str(tmp_path / "register.jsonl"), "--by", "Ban Tổ chức <b>", "--format", "html", "--output", str(page)]
    for day, state, since in (("2026-10-23", "new", "followed_first"), ("2026-11-23", "still", "followed_since")):
        main(["check", file, f"--today={day}", *kept])
        told = page.read_text("utf-8")
        assert {finding[-1] for finding in data_of(told)["findings"]} == {phrase(f"follow_{state}", "vi")}
        assert phrase(since, "vi", **({"day": "23/10/2026"} if since == "followed_since" else {})) in _Seen(told).text


def test_the_verdict_tells_breaches_what_is_open_and_what_was_not_read_apart() -> None:
    def verdict(**found: Any) -> list[str]:
        counts = dict.fromkeys(map(str, LEVELS), (0, 0)) | found.pop("counts", {})
        page = Page("en", "", "", counts, (), (), (), found.pop("rejections", 0))
        return [sentence.split(" of ")[0].split(" found")[0] for sentence in page.verdict]

    assert verdict() == ["No violation and no missed target"]
    assert verdict(counts={"violation": (1200, 3), "target_missed": (2, 0)})[0].startswith("1,200 violation(s)")
    assert verdict(counts={"information_missing": (4, 1)})[1].startswith("5 point(s) are open")
    assert verdict(counts={"violation": (0, 3)})[0] == "No violation and no missed target"
    assert "3 finding(s) are provisional" in verdict(counts={"violation": (0, 3)})[1]
    assert verdict(rejections=7)[1].startswith("7 place(s) could not be read")


def test_the_same_report_gives_the_same_page() -> None:
    assert render_html(mixed()) == render_html(mixed())


def test_findings_alike_are_told_once_in_the_data(tmp_path: Path) -> None:
    data = data_of(audited(tmp_path, decisions(90)))
    assert len({json.dumps(part) for part in data["parts"]}) == len(data["parts"]) < len(data["findings"])


def test_a_page_of_a_large_audit_lists_the_gravest_and_counts_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_page, "LISTED", 40)
    page = audited(tmp_path, decisions(90))
    found = audit(tmp_path / "decisions.jsonl", small(), out=tmp_path / "out", today=TODAY)
    rank = {level: at for at, level in enumerate(LEVELS)}
    told = [(finding[0], rank[finding[1]]) for finding in data_of(page)["findings"]]
    parts = ["firm", "provisional", "open"]
    every = sorted(
        ("open" if level == "information_missing" else "provisional" if weak else "firm", rank[level])
        for level, weak in found.findings.select("level", "provisional").collect().iter_rows()
    )
    assert told == sorted(every, key=lambda pair: (parts.index(pair[0]), pair[1]))[:40]
    assert phrase("page_listed", "vi", n=40, all=len(every)) in _Seen(page).text
    assert f">{sum(found.summary['by_level'].values())}<" not in page


def test_a_check_and_an_audit_tell_the_same_shares(tmp_path: Path) -> None:
    text = (FIXTURES / "report-figures.yaml").read_text("utf-8")
    figures = {"on" if name is True else name: value for name, value in yaml.safe_load(text).items()}
    stated = tmp_path / "figures.jsonl"
    stated.write_text(json.dumps(figures), "utf-8")
    found = audit(stated, vn(), out=tmp_path / "out", today=DAY).shares
    report = check(figures, vn(), today=DAY)
    columns = ["subject", "rule", "as_of", "share", "target", "met"]
    assert sorted(found[columns].iter_rows()) == sorted(tuple(getattr(s, c) for c in columns) for s in report.shares)
    assert ("bc-tong-ket-2020-2025/nu-dai-bieu-hdnd", "women-deputies", DAY_OF_FIGURES, 3000, 3500, False) in found[
        columns
    ].rows()
    assert ("bc-tong-ket-2020-2025/nu-cap-uy", "women-in-committees", DAY_OF_FIGURES, 2401, 2000, True) in found[columns].rows()


def test_the_command_writes_pages(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    file = str(FIXTURES / "five-breaches.yaml")
    assert main(["check", file, "--today=2026-11-23", "--format", "html"]) == FOUND
    printed = capsysbinary.readouterr().out
    assert main(["check", file, "--today=2026-11-23", "--format", "html", "--output", str(tmp_path / "r.html")]) == FOUND
    assert (tmp_path / "r.html").read_bytes() == printed
    source = tmp_path / "s.jsonl"
    source.write_text(json.dumps(appointment(deputies_after=9)), "utf-8")
    asked = ["audit", str(source), "--out", str(tmp_path / "out"), "--today=2026-11-23", "--format", "html"]
    main([*asked, "--lang", "en", "--output", str(tmp_path / "a.html")])
    assert _Seen((tmp_path / "a.html").read_text("utf-8")).text.count("Personnel decisions audited") == 2


# In a browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield started
        started.close()


class Opened:
    """A page opened in a browser, with what it said and what it asked for."""

    def __init__(self, browser: Any, folder: Path, page: str, size: str = "desktop") -> None:
        width, height = SIZES[size]
        self.file = folder / "page.html"
        self.file.write_text(page, "utf-8")
        self.tab = browser.new_page(viewport={"width": width, "height": height})
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.measure = self.tab.context.new_cdp_session(self.tab)
        self.measure.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.tab.goto(self.file.as_uri())

    def busy(self) -> float:
        """Return the processor time its tasks have taken, in seconds."""
        return float(
            next(m["value"] for m in self.measure.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration")
        )

    def after(self, act: Callable[[], Any]) -> int:
        """Do something to the filters and return how many findings the page then says are left."""
        self.tab.evaluate("document.getElementById('shown').textContent = ''")
        act()
        self.tab.locator("#shown", has_text=re.compile(r"\d")).wait_for()
        return int(re.sub(r"[.,]", "", re.findall(r"[\d.,]+", self.tab.inner_text("#shown"))[0]))

    def find(self, words: str) -> int:
        return self.after(lambda: self.tab.fill("#words", words))

    def cards(self) -> int:
        return int(self.tab.locator("article").count())


@pytest.mark.parametrize(
    ("name", "size"), [*((name, "desktop") for name in PAGES), ("check", "phone"), ("audit", "phone"), ("hostile audit", "phone")]
)
@pytest.mark.once
def test_a_browser_shows_it_whole_quietly_and_to_everybody(browser: Any, tmp_path: Path, name: str, size: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = Opened(browser, tmp_path, PAGES[name](tmp_path), size)
    assert page.tab.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    page.tab.evaluate("for (const card of document.querySelectorAll('article')) card.style.contentVisibility = 'visible'")
    violations = axe.Axe().run(page.tab).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in violations] == []
    assert page.tab.evaluate("window.ran") is None
    assert page.said == []
    assert page.asked == [page.file.as_uri()]
    page.tab.close()


@pytest.mark.once
def test_a_page_prints_what_is_filtered_and_all_of_it(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, tmp_path, many(120))
    assert page.cards() == 50
    page.tab.evaluate("addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('article').length; })")
    printed = page.tab.pdf(prefer_css_page_size=True)
    assert page.tab.evaluate("window.printed") == 120
    assert re.search(rb"/MediaBox \[0 0 59[45]\.?\d* 84[12]\.?\d*\]", printed)
    assert page.find("số-7") == 11
    fewer = page.tab.pdf(prefer_css_page_size=True)
    assert fewer.count(b"/Type /Page\n") < printed.count(b"/Type /Page\n")
    assert page.cards() <= 50
    assert (page.said, page.asked) == ([], [page.file.as_uri()])
    page.tab.close()


@pytest.mark.once
def test_a_page_is_used_by_keyboard(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, tmp_path, many(120))
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.className") == "skip"
    page.tab.locator("[data-more=firm]").focus()
    page.tab.keyboard.press("Enter")
    assert page.cards() == 100
    assert page.tab.evaluate("document.activeElement.tagName") == "ARTICLE"
    page.tab.close()


@pytest.mark.once
def test_findings_are_grouped_filtered_and_searched(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, tmp_path, render_html(mixed()))
    every = page.cards()
    assert every == len(mixed().findings)
    assert page.after(lambda: page.tab.check("input[name=group][value=rule]")) == every
    rules = len({finding.rule for finding in mixed().findings})
    assert rules <= page.tab.locator("[data-list] h3").count() <= rules + 2
    left = every - len(mixed().of_level("violation"))
    assert page.after(lambda: page.tab.uncheck("input[name=level][value=violation]")) == page.cards() == left
    assert page.after(lambda: page.tab.click("button[type=reset]")) == page.cards() == every
    assert page.find("khong co chu nao zzz") == 0
    assert page.find("bac ninh") == page.find("Bắc Ninh") > page.find("Bậc Ninh") == 0
    assert page.find("uỷ ban") == page.find("ủy ban") > 0
    page.tab.close()


@pytest.mark.once
def test_a_page_without_script_still_tells_the_findings(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(many(STATIC + 20), "utf-8")
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(file.as_uri())
    assert tab.locator("article").count() == STATIC
    assert tab.locator("#filters").is_hidden()
    tab.close()


@pytest.mark.once
def test_twenty_thousand_findings_open_and_filter_in_two_seconds_of_the_processor(browser: Any, tmp_path: Path) -> None:
    page = Opened(browser, tmp_path, many(20_000))
    opened = page.busy()
    assert page.find("so-199") == 111
    searched = page.busy() - opened
    assert (opened < 2, searched < 2, page.said) == (True, True, [])
    page.tab.close()


@cache
def many(count: int) -> str:
    """Return a page of many findings, each of its own text, under many units and years."""
    rules = [finding for finding in mixed().of_level("violation") if not finding.provisional]
    entries = [
        Entry(
            level=finding.level,
            provisional=False,
            message=f"{finding.message} (số-{n}-)",
            subject=f"Quyết định {n // 3}",
            rule=finding.rule,
            title=finding.title,
            unit=f"Sở {n % 700}",
            year=str(2015 + n % 12),
            day="03/05/2021",
            mark=f"{finding.rule} · {n:016x}",
            parts=(
                ("Căn cứ", tuple(Line(f"{e.label}: {e.text} ({n})", aside=e.place) for e in finding.evidence)),
                ("Cần làm", (Line(finding.remedy),)),
                ("Quy định", (Line("Điều 4", link="https://vbpl.vn/a"),)),
            ),
        )
        for n in range(count)
        for finding in [rules[n % len(rules)]]
    ]
    counts = dict.fromkeys(map(str, LEVELS), (0, 0)) | {"violation": (count, 0)}
    return render_page(Page("vi", "Kết quả", "Nhiều", counts, (), tuple(entries), (), 0))
