import copy
import pickle

import pytest

from srcore.config.reading import read_experiment
from srcore.errors import ConfigError
from srcore.plugin.manager import plugins


def test_tables_merge_deeply_and_lists_replace(tmp_path):
    (tmp_path / "base.toml").write_text("a = 1\nl = [1, 2]\n[t]\nx = 1\ny = 2\n")
    (tmp_path / "top.toml").write_text('extends = "base.toml"\nl = [3]\n[t]\ny = 5\n')
    source = read_experiment(tmp_path / "top.toml", plugins().registry, ["t.z=true", "t.w=word"])
    assert source.table["t"] == {"x": 1, "y": 5, "z": True, "w": "word"}
    assert source.table["l"] == [3]
    assert source.table["a"] == 1
    assert source.origin("t.x").endswith("base.toml")
    assert source.origin("t.y").endswith("top.toml")
    assert source.origin("t.z") == "--set t.z=true"


def test_another_type_replaces_the_whole_table(tmp_path):
    (tmp_path / "base.toml").write_text('[g]\ntype = "a"\nkey = 1\n')
    (tmp_path / "top.toml").write_text('extends = "base.toml"\n[g]\ntype = "b"\n')
    assert read_experiment(tmp_path / "top.toml", registry=plugins().registry).table["g"] == {
        "type": "b"
    }


@pytest.mark.parametrize("place", [".", "", "..", "/"])
def test_a_folder_is_no_experiment(place):
    with pytest.raises(ConfigError, match="no such file or shipped experiment; "):
        read_experiment(place, plugins().registry)


def test_the_name_defaults_to_that_of_the_file(tmp_path):
    (tmp_path / "mine.toml").write_text("a = 1\n")
    assert (
        read_experiment(tmp_path / "mine.toml", registry=plugins().registry).table["name"] == "mine"
    )


def test_strings_know_the_folder_of_the_file_that_wrote_them(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.toml").write_text('p = "here"\n')
    (tmp_path / "top.toml").write_text('extends = "sub/base.toml"\nq = "there"\n')
    table = read_experiment(tmp_path / "top.toml", registry=plugins().registry).table
    assert table["p"].base == tmp_path / "sub"
    assert table["q"].base == tmp_path
    for copied in (copy.deepcopy(table["p"]), pickle.loads(pickle.dumps(table["p"]))):
        assert (copied, copied.base) == ("here", tmp_path / "sub")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = [1,", r"malformed TOML: .*line 1, column 8"),
        ("x = 1\ny = = 2\n", r"malformed TOML: .*line 2, column 5"),
        ('extends = "nowhere.toml"\n', "extends: nowhere.toml: no such file or shipped experiment"),
        ("extends = 3\n", "extends: expected a file or the name of a shipped experiment, found 3"),
        ('extends = "bad.toml"\n', "extends: circular: "),
    ],
)
def test_unreadable_files_are_named(tmp_path, content, message):
    (tmp_path / "bad.toml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_experiment(tmp_path / "bad.toml", registry=plugins().registry)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_files_are_read_as_windows_writes_them(tmp_path, encoding):
    (tmp_path / "base.toml").write_bytes('name = "größe"\r\n[t]\r\nx = 1\r\n'.encode(encoding))
    (tmp_path / "top.toml").write_bytes('extends = "base.toml"\r\n'.encode(encoding))
    assert read_experiment(tmp_path / "top.toml", registry=plugins().registry).table == {
        "name": "größe",
        "t": {"x": 1},
    }


def test_the_end_of_a_file_with_a_mark_is_found(tmp_path):
    (tmp_path / "bad.toml").write_bytes("x = [1,".encode("utf-16"))
    with pytest.raises(ConfigError, match="line 1, column 8"):
        read_experiment(tmp_path / "bad.toml", registry=plugins().registry)


def test_binary_file_is_not_toml(tmp_path):
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-16-LE text"):
        read_experiment(tmp_path / "bad.toml", registry=plugins().registry)


def test_unknown_experiment_of_a_known_plugin_says_what_to_install(isolated_plugins):
    with pytest.raises(ConfigError, match=r"it comes with srplug-ldl \(pip install srplug-ldl\)"):
        read_experiment("ldl/rrdb_x4", registry=plugins().registry)


@pytest.mark.parametrize("assignment", ["train.iterations", "=3", "a..b=3"])
def test_malformed_overrides_are_refused(tmp_path, assignment):
    (tmp_path / "mine.toml").write_text("a = 1\n")
    with pytest.raises(ConfigError, match=r"--set: expected table\.key=value"):
        read_experiment(tmp_path / "mine.toml", plugins().registry, [assignment])


def test_stages_merge_by_name(tmp_path):
    (tmp_path / "base.toml").write_text(
        '[[stages]]\nname = "a"\nx = 1\n[[stages]]\nname = "b"\n[stages.t]\ny = 1\nz = 1\n'
    )
    (tmp_path / "top.toml").write_text(
        'extends = "base.toml"\n[[stages]]\nname = "b"\n[stages.t]\ny = 2\n[[stages]]\nname = "c"\n'
    )
    source = read_experiment(tmp_path / "top.toml", plugins().registry, ["stages.a.x=5"])
    assert source.table["stages"] == [
        {"name": "a", "x": 5},
        {"name": "b", "t": {"y": 2, "z": 1}},
        {"name": "c"},
    ]
    assert source.origin("stages[0].x") == "--set stages.a.x=5"
    assert source.origin("stages[1].t.y").endswith("top.toml")
    assert source.origin("stages[1].t.z").endswith("base.toml")


LISTS = """
pair = [1, 2]

[[losses]]
type = "l1"

[[losses]]
type = "ldl"
weight = 1.0

[[stages]]
name = "gan"

[[stages.data.transforms]]
sizes = [3, 5]
"""


@pytest.mark.parametrize(
    ("assignment", "path", "is_read"),
    [
        ("pair[1]=7", "pair[1]", lambda table: table["pair"] == [1, 7]),
        ("losses[0].weight=2", "losses[0].weight", lambda t: t["losses"][0]["weight"] == 2),
        (
            "losses[1].type=l2",  # another component: the other keys go
            "losses[1].type",
            lambda table: table["losses"][1] == {"type": "l2"},
        ),
        (
            "stages.gan.data.transforms[0].sizes[1]=9",
            "stages[0].data.transforms[0].sizes[1]",
            lambda table: table["stages"][0]["data"]["transforms"][0]["sizes"] == [3, 9],
        ),
        (
            "stages[0].train.iterations=4",
            "stages[0].train.iterations",
            lambda table: table["stages"][0]["train"] == {"iterations": 4},
        ),
    ],
)
def test_overrides_reach_into_lists(tmp_path, assignment, path, is_read):
    (tmp_path / "mine.toml").write_text(LISTS)
    source = read_experiment(tmp_path / "mine.toml", plugins().registry, [assignment])
    assert is_read(source.table)
    assert source.origin(path) == f"--set {assignment}"
    assert source.origin("losses[0].type").endswith("mine.toml")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("losses[2].weight=1", r"losses\[2\]: losses has 2 elements"),
        ("stages.gan.losses[0].weight=1", r"stages\[0\].losses is no list here"),
        ("stages.other.losses[0].weight=1", r"stages\.other\.losses is no list here"),
        ("pair.x[0]=1", r"pair\.x is no list here"),
        ("pair[0].x=1", r"pair\[0\]: expected a table, found 1"),
    ],
)
def test_overrides_of_elements_that_are_not_there_are_refused(tmp_path, assignment, message):
    (tmp_path / "mine.toml").write_text(LISTS)
    with pytest.raises(ConfigError, match=message):
        read_experiment(tmp_path / "mine.toml", plugins().registry, [assignment])
