"""The page in a browser, from a file: no request, nothing serious for axe, keys, print, small screens, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report import scenes

from ganatomy.report.page import page, page_of_two

pytestmark = pytest.mark.thorough

Open = Callable[..., Any]
WHICH = ("one", "two")
# Text whose box is empty though nobody folded it away; the hidden words for screen readers are boxes of a pixel.
UNSEEN = """() => [...document.querySelectorAll('main p, main td, main th, main dt, main dd, main li, main figcaption')]
  .filter(each => each.innerText !== undefined && each.textContent.trim() && !each.closest('.hidden, dialog, nav'))
  .filter(each => !each.checkVisibility({contentVisibilityAuto: true}))
  .map(each => each.textContent.trim().slice(0, 60))"""
FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it);
  return {tag: it.tagName, text: (it.textContent || '').trim().slice(0, 40), name: it.className,
          ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
          place: [...document.querySelectorAll('*')].indexOf(it)};
}"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, text in (("one", page(scenes.report())), ("two", page_of_two(scenes.comparison()))):
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in WHICH}


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Open]:
    contexts = []

    def load(which: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.asked, tab.told = [], []
        tab.on("console", lambda message: tab.told.append(message.text))
        tab.on("pageerror", lambda error: tab.told.append(str(error)))
        tab.on("dialog", lambda box: (tab.told.append("a dialog"), box.dismiss()))

        def routed(route: Any) -> None:
            if not route.request.url.startswith("data:"):
                tab.asked.append(route.request.url)
            route.continue_()

        context.route("**/*", routed)
        tab.goto(files[which].as_uri())
        return tab

    yield load
    for context in contexts:
        context.close()


def serious(tab: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(tab).response
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found["violations"] if each["impact"] != "minor"
    ]


@pytest.mark.parametrize("which", WHICH)
def test_it_asks_for_nothing_but_itself_and_says_nothing_to_the_console(
    opened: Open, files: dict[str, Path], which: str
) -> None:
    tab = opened(which)
    tab.evaluate("() => document.querySelectorAll('img').forEach(each => { each.loading = 'eager'; })")
    tab.wait_for_function("() => [...document.images].every(each => each.complete)")
    assert tab.asked == [files[which].as_uri()]
    assert tab.told == []
    assert tab.evaluate("() => [...document.images].filter(each => !each.naturalWidth).length") == 0


@pytest.mark.parametrize(
    ("which", "options"),
    [
        ("one", {}),
        ("one", {"color_scheme": "dark"}),
        ("one", {"viewport": {"width": 390, "height": 844}}),
        ("two", {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
    ],
    ids=["light", "dark", "narrow", "two"],
)
def test_axe_finds_nothing_serious(opened: Open, which: str, options: dict[str, Any]) -> None:
    tab = opened(which, **options)
    tab.get_by_role("button", name="Open all folded parts").click()
    assert serious(tab) == []


def test_dark_differs_from_light_and_the_switch_turns_it(opened: Open) -> None:
    colour = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = opened("one"), opened("one", color_scheme="dark")
    before = light.evaluate(colour)
    assert before != dark.evaluate(colour)
    light.get_by_role("button", name="Dark page").click()
    assert light.evaluate(colour) == dark.evaluate(colour)
    dark.get_by_role("button", name="Light page").click()
    assert dark.evaluate(colour) == before


@pytest.mark.parametrize("which", WHICH)
def test_without_script_all_is_there_or_can_be_unfolded(opened: Open, which: str) -> None:
    tab = opened(which, java_script_enabled=False)
    assert tab.locator("button, dialog").count() == 0
    folded = tab.locator("details:not([open]) > summary")
    assert folded.count() > 0
    while folded.count():
        folded.first.click()
    assert [each for each in unseen(tab) if each] == []


def unseen(tab: Any) -> list[str]:
    """Works without script too: the test's own evaluation is not the page's."""
    return list(tab.evaluate(UNSEEN))


def test_nothing_folded_stays_hidden_in_print(opened: Open) -> None:
    tab = opened("one", java_script_enabled=False)
    assert unseen(tab)  # what is folded on the screen
    tab.emulate_media(media="print")
    assert [each for each in unseen(tab) if each] == []
    assert not tab.locator("nav").is_visible()
    opened_pdf = opened("one").pdf()
    assert opened_pdf.startswith(b"%PDF")


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("script", [True, False])
def test_a_narrow_screen_does_not_scroll_sideways(opened: Open, which: str, script: bool) -> None:
    tab = opened(which, viewport={"width": 390, "height": 844}, java_script_enabled=script)
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_six_answers_and_the_samples_are_on_the_first_screen(opened: Open) -> None:
    tab = opened("one")
    last = tab.locator(".answers tbody tr").nth(5).bounding_box()
    assert last["y"] + last["height"] <= 800
    shown = tab.locator(".samples img").bounding_box()
    assert shown["y"] + shown["height"] <= 800
    assert shown["width"] >= 240


def test_on_a4_the_verdict_is_one_page_and_no_column_is_a_letter_wide(opened: Open) -> None:
    """182 by 265 millimetres lie within the margins."""
    tab = opened("one", viewport={"width": 688, "height": 1001})
    tab.emulate_media(media="print")
    widths = tab.locator(".answers th").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert min(widths) >= 60
    last = tab.locator(".answers tbody tr").nth(5).bounding_box()
    assert last["y"] + last["height"] <= 1001
    assert tab.locator(".samples img").bounding_box()["width"] >= 220


def test_the_answers_of_two_are_on_the_first_screen(opened: Open) -> None:
    tab = opened("two", viewport={"width": 1280, "height": 860})
    last = tab.locator(".answers tbody tr").nth(5).bounding_box()
    assert last["y"] + last["height"] <= 860


def test_on_a_phone_the_verdict_comes_before_the_facts(opened: Open) -> None:
    tab = opened("one", viewport={"width": 390, "height": 844})
    assert tab.locator(".headline").bounding_box()["y"] < tab.locator(".about").bounding_box()["y"]


def test_only_tables_that_overflow_are_stops_and_without_script_all_are(opened: Open) -> None:
    over = (
        "() => [...document.querySelectorAll('.scroll')].map(it => "
        "[it.scrollWidth > it.clientWidth, it.tabIndex === 0, it.getAttribute('role') === 'region'])"
    )
    wide = opened("one")
    assert wide.locator(".scroll[tabindex]").count() < wide.locator(".scroll").count()
    wide.set_viewport_size({"width": 390, "height": 844})
    wide.wait_for_function("() => document.querySelectorAll('.scroll[tabindex]').length > 0")
    for each in wide.evaluate(over):
        assert len(set(each)) == 1
    plain = opened("one", java_script_enabled=False)
    assert plain.locator(".scroll[tabindex='0']").count() == plain.locator(".scroll").count()


def test_what_was_copied_is_said_aloud(opened: Open) -> None:
    tab = opened("one")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.locator(".copy").first.click()
    tab.wait_for_function("() => document.querySelector('[role=status]').textContent === 'Copied'")
    assert tab.locator("[role=status]").count() == 1


def test_a_figure_is_opened_by_its_name(opened: Open) -> None:
    assert opened("one").get_by_role("button", name="Enlarge figure: samples").count() == 1


def test_tab_goes_to_the_skip_link_and_then_through_everything_in_order(opened: Open) -> None:
    tab = opened("one")
    seen = []
    for _ in range(400):
        tab.keyboard.press("Tab")
        it = tab.evaluate(FOCUSED)
        if it["tag"] == "BODY":
            break
        seen.append(it)
    assert seen[0]["name"] == "skip"
    assert [each["place"] for each in seen] == sorted(each["place"] for each in seen)
    assert [each for each in seen if not each["ring"]] == []
    reached = {each["place"] for each in seen}
    wanted = tab.evaluate(
        "() => { const all = [...document.querySelectorAll('*')]; return [...document.querySelectorAll("
        "'a[href], button, summary, [tabindex=\"0\"]')]"
        ".filter(each => each.checkVisibility({contentVisibilityAuto: true}))"
        ".map(each => all.indexOf(each)); }"
    )
    assert set(wanted) <= reached


def test_enter_opens_a_figure_and_escape_gives_the_focus_back(opened: Open) -> None:
    tab = opened("one")
    opener = tab.locator(".opener").nth(1)
    opener.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("dialog").is_visible()
    assert "unit 3 moves the slant most" in tab.locator("dialog p").inner_text()
    assert tab.locator("dialog img").evaluate("each => each.naturalWidth") > 0
    tab.keyboard.press("Escape")
    assert not tab.locator("dialog").is_visible()
    assert opener.evaluate("each => each === document.activeElement")


def test_rows_are_sorted_by_size_and_what_is_no_number_comes_last(opened: Open) -> None:
    tab = opened("one")
    table = tab.locator("table.claims", has_text="a count without more")
    effect = "tr td:nth-of-type(1)"
    table.get_by_role("button", name="effect").click()
    up = table.locator("tbody").locator(effect).all_inner_texts()
    assert up == ["−0.0123", "3.20e-09", "1.50", "2", "7", "∞", "no number"]
    table.get_by_role("button", name="effect").click()
    down = table.locator("tbody").locator(effect).all_inner_texts()
    assert down == ["∞", "7", "2", "1.50", "3.20e-09", "−0.0123", "no number"]
    assert table.locator("[aria-sort=descending]").count() == 1
