"""The page: one file that needs no other, whatever the run holds."""

import re
from html.parser import HTMLParser

import pytest

from srcore.config.plain_tables import write_table
from srcore.plugin.manager import plugins
from srcore.report.page import write_report

VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """Checks nesting; collects addresses and ids."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.addresses, self.ids, self.tags = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        self.addresses += [
            attributes[name] for name in ("src", "href", "srcset") if name in attributes
        ]
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def written(*folders, path=None):
    text = write_report(list(folders), plugins().registry, path).read_text("utf-8")
    return text, Page(text)


def test_a_run_has_results_images_curves_and_experiment(make_run, results):
    text, page = written(make_run("a", results=results, images=("one",)))
    assert page.ids == ["results", "images", "validation", "training", "experiment"]
    assert "<td><b>31.0000</b></td><td>+0.5000</td>" in text
    assert text.count("<img ") == 3
    assert 'type="range"' in text
    assert "aria-pressed" in text
    assert "&quot;edsr&quot;" in text or "&#34;edsr&#34;" in text


def test_the_page_needs_nothing_from_elsewhere(make_run, results, tmp_path):
    folders = [make_run(name, results=results, images=("one",)) for name in "ab"]
    text, page = written(*folders, path=tmp_path / "both.html")
    assert page.addresses
    assert all(address.startswith("data:") for address in page.addresses)
    assert not re.search(r"url\(|@import|https?://|//cdn|fetch\(|XMLHttp", text)
    assert "default-src 'none'" in text


def test_equal_folders_give_equal_pages(make_run, results):
    folder = make_run("a", results=results, images=("one",))
    assert written(folder)[0] == written(folder)[0]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a\"b'c", "日本 & co", "x</style>", "{{ 7 * 7 }}"]
)
def test_odd_names_are_only_text(make_run, results, tmp_path, name):
    metric = {"photos": {name: 1.0}}
    rows = [
        {"iteration": i, "phase": phase, "values": {name: 1.0}}
        for i in (1, 2)
        for phase in ("train", name)
    ]
    folder = make_run(
        name,
        rows=rows,
        results={"validation": metric, "bicubic": metric},
        folder=tmp_path / "odd",
        images=("one",),
    )
    text, page = written(folder)
    assert page.tags.count("script") == 1
    assert page.tags.count("style") == 1
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)[0]


def test_a_folder_whose_name_is_no_text_can_be_reported(make_run, tmp_path):
    folder = tmp_path / "run\udcff"
    make_run("a", folder=folder)
    assert written(folder)[0]


@pytest.mark.parametrize("rows", [[], [{"iteration": 1, "phase": "train", "values": {"l1": 1.0}}]])
def test_a_run_that_measured_nothing_has_a_page(make_run, rows):
    text, page = written(make_run("a", rows=rows, data={}))
    assert "No validation set." in text
    assert "images" not in page.ids


def test_no_validation_yet_is_not_no_validation_set(make_run):
    assert "No validation yet." in written(make_run("a", rows=[]))[0]


def test_a_stage_without_training_shows_its_results(make_run):
    folder = make_run(
        "a", rows=[], results={"generated": {"images": 7.0}}, task={"type": "make"}, data={}
    )
    text, _ = written(folder)
    assert "<dt>generated images</dt><dd>7</dd>" in text
    assert "No validation" not in text


def test_stages_and_their_experiment_link_to_each_other(make_run, results, tmp_path):
    folder = tmp_path / "both"
    make_run("both", folder=folder / "psnr", results=results, images=("one",))
    make_run("both", folder=folder / "gan net", rows=[])
    names = [{"name": name, "scale": 2} for name in ("psnr", "gan net", "last")]
    write_table(folder / "experiment.toml", {"name": "both", "stages": names})
    assert "../report.html" in written(folder / "psnr")[1].addresses
    text, page = written(folder)
    assert {"psnr/report.html", "gan%20net/report.html"} <= set(page.addresses)
    assert "not started" in text
    elsewhere = written(folder, path=tmp_path / "elsewhere.html")[1]
    assert all(address.startswith("data:") for address in elsewhere.addresses)


def test_runs_of_one_name_are_told_apart(make_run, results, tmp_path):
    folders = [make_run("same", folder=tmp_path / name, results=results) for name in "ab"]
    text, _ = written(*folders, path=tmp_path / "c.html")
    assert "same (1)" in text
    assert "same (2)" in text


def test_several_runs_can_be_picked_under_one_slider(make_run, results, tmp_path):
    folders = [make_run(name, results=results, images=("one",)) for name in "abc"]
    text, page = written(*folders, path=tmp_path / "c.html")
    assert page.tags.count("select") == 2
    assert text.count('class="left"') == text.count('class="right"') == 1
    assert re.findall(r'<option value="(\d)" selected>(\w+)', text) == [("1", "a"), ("3", "c")]
    assert text.count(" (best)") == 3, "all equal: all best"


def test_a_page_of_large_pictures_stays_small(make_run, results):
    images = [f"{i:02}" for i in range(12)]
    folder = make_run("a", results=results, images=images, side=600)
    assert len(written(folder)[0]) < 5_000_000


def test_a_comparison_begins_with_the_keys_that_differ(tmp_path):
    folders = []
    for name, rate, seed in (("a", 1e-4, 0), ("b", 2e-4, 0)):
        table = {
            "name": name,
            "scale": 2,
            "seed": seed,
            "generator": {"type": "edsr"},
            "losses": [{"type": "l1"}],
            "optimizer": {"generator": {"learning_rate": rate}},
        }
        if name == "b":
            table["losses"].append({"type": "ldl", "weight": 0.5})
        (tmp_path / name).mkdir()
        write_table(tmp_path / name / "experiment.toml", table)
        folders.append(tmp_path / name)
    text, page = written(*folders, path=tmp_path / "both.html")
    assert page.ids.index("differences") == 0
    section = text[text.index('id="differences"') : text.index('id="results"')]
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", section[section.index("<tbody>") :])
    rows = [cells[index : index + 3] for index in range(0, len(cells), 3)]
    assert sorted(rows) == [
        ["losses[1].type", "-", "ldl"],
        ["losses[1].weight", "-", "0.5"],
        ["optimizer.generator.learning_rate", "0.0001", "0.0002"],
    ]
    same, _ = written(folders[0], folders[0], path=tmp_path / "same.html")
    assert "differ in nothing but their names" in same
    assert 'id="differences"' not in written(folders[0])[0]
