import textwrap

import pytest

from srcore.cli.main import main
from srcore.config.json_schema import experiment_schema
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry

START = 'scale = 2\n[generator]\ntype = "edsr"\n'


@pytest.fixture(scope="module")
def refused(taplo, tmp_path_factory):
    """The places that taplo marks in a text."""

    def places(text):
        file = tmp_path_factory.mktemp("document") / "experiment.toml"
        file.write_text(textwrap.dedent(text), "utf-8")
        verdict = taplo([file])
        assert verdict.holds is not bool(verdict.problems)
        return verdict.problems.get(file, [])

    return places


def test_all_shipped_experiments_hold_to_the_schema(taplo):
    files = [path for path, _ in plugins().registry.experiments().values()]
    assert len(files) > 60
    verdict = taplo(files)
    assert (verdict.problems, verdict.holds) == ({}, True)


def test_new_experiments_name_the_schema_that_is_written_beside_them(taplo, tmp_path, capsys):
    for arguments in (["new", "esrgan_x4"], ["schema"]):
        with pytest.raises(SystemExit):
            main(arguments)
        name = {"new": "experiment.toml", "schema": "srcore.schema.json"}[arguments[0]]
        (tmp_path / name).write_text(capsys.readouterr().out, "utf-8")
    file = tmp_path / "experiment.toml"
    assert taplo([file], named=True).holds
    file.write_text(file.read_text("utf-8").replace("\n", "\nnam = 3\n", 1), "utf-8")
    assert taplo([file], named=True).problems[file][0][:2] == (2, 7)


#: What is wrong in the last line of a file: the line, and what the message says.
BROKEN = {
    "a misspelt table": ("[trian]\niterations = 3", "unknown key"),
    "a misspelt key": ("[train]\niteration = 3", "unknown key"),
    "a misspelt key of a component": ('[[losses]]\ntype = "l1"\nweigth = 0.1', "unknown key"),
    "a key of another component": (
        '[[losses]]\ntype = "l1"\nrelativistic = "average"',
        "unknown key",
    ),
    "a misspelt name": ('[[losses]]\ntype = "l2"', '"l2" is not one of ["adversarial",'),
    "a name of another kind": ('[discriminator]\ntype = "edsr"', '"edsr" is not one of ["esrdgan"'),
    "a text for a number": ('[train]\niterations = "3"', '"3" is not of type "integer"'),
    "a number for a text": ("[train]\ndevice = 0", '0 is not of type "string"'),
    "a fraction for a whole number": ("[train]\nlog_every = 1.5", 'is not of type "integer"'),
    "a word that there is not": ('[train]\nprecision = "half"', '"half" is not one of ["float32"'),
    "below a limit": ("[train]\niterations = 0", "0 is less than the minimum of 1"),
    "at an open limit": ("[train]\nema_decay = 1.0", "1.0 is greater than or equal to"),
    "beyond all whole numbers": ("[train]\nlog_every = 9999999999", "is greater than the maximum"),
    "below a limit of a component": (
        '[data.train]\ntype = "hr_folder"\nhr = "."\nhr_patch_size = 0',
        "is less than the mini",
    ),
    "a key of a component without type": ("[method]\nrelativistic = 3", "unknown key"),
    "a list for a table": ("[[train]]", "is not of type"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_marked_where_it_stands(refused, name):
    text, message = BROKEN[name]
    places = refused(f"{START}{text}\n")
    last = START.count("\n") + 1 + text.count("\n")
    if name == "a list for a table":
        assert message in places[0][2]
        return
    line = text.rpartition("\n")[2]
    assert (last, line.index("= ") + 3) in [place[:2] for place in places]
    (first,) = [place for place in places if place[0] == last][:1]
    assert message in first[2]


def test_what_must_be_there_is_asked_for(refused):
    messages = {place[2] for place in refused("[[losses]]\nweight = 3\n[generator]\n")}
    assert messages == {'"scale" is a required property', '"type" is a required property'}
    assert refused(f'{START}[data.train]\ntype = "hr_folder"\n')[0][2].startswith('"hr" is a req')


def test_weights_tell_type_and_scale(refused):
    assert refused('[generator]\nweights = "x.pth"\nnum_features = 8\n') == []
    assert refused('[generator]\nweights = "x.pth"\nnum_feature = 8\n')[0][:2] == (3, 15)
    told = refused('[generator]\nweights = "x.pth"\ntype = "edsr"\n')
    assert told[0][2] == '"scale" is a required property'


@pytest.mark.parametrize("completed", ['extends = "base.toml"', '[[stages]]\nname = "a"'])
def test_what_another_table_completes_may_lack_keys(refused, completed):
    tables = {"generator": "num_blocks = 3", "data.train": "hr_patch_size = 8"}
    text = "".join(f"[{name}]\n{key}\n" for name, key in tables.items())
    text = f"{completed}\n{text}" if "extends" in completed else f"{text}{completed}\n"
    assert refused(text) == []
    assert refused(text.replace("num_blocks", "num_blokcs"))[0][2].endswith("not allowed for 3")
    assert refused(text.replace("= 8", '= "8"')) != []


def test_elements_of_lists_complete_nothing(refused):
    places = refused('extends = "base.toml"\n[[losses]]\nweight = 3\n')
    assert {place[2] for place in places} == {'"type" is a required property'}


def test_stages_overlay_every_table(refused):
    stage = '[[stages]]\nname = "a"\nfrom = "b"\ndrop = ["discriminator"]\n[stages.train]\n'
    assert refused(f"{START}{stage}iterations = 3\n") == []
    assert refused(f"{START}{stage}iterations = 0\n")[0][2].startswith("0 is less than")
    assert refused(f"{START}[[stages]]\nfrom = 'b'\n")[0][2] == '"name" is a required property'
    assert refused(f"{START}[stages.a.train]\niterations = 3\n") == []
    assert refused(f"{START}[stages.a.train]\niteration = 3\n") != []


def test_a_schema_without_components_knows_the_tables():
    schema = experiment_schema(Registry())
    assert schema["properties"]["scale"]["maximum"] == 16
    assert schema["definitions"]["LossTable"]["properties"]["type"]["enum"] == []


def test_the_schema_tells_what_keys_mean():
    schema = experiment_schema(plugins().registry)
    iterations = schema["definitions"]["TrainTable"]["properties"]["iterations"]
    assert iterations["description"] == (
        "optimizer steps (>= 1; may change on resume)\n\ndefault: `1000`"
    )
    assert iterations["default"] == 1000
    generator = schema["definitions"]["GeneratorTable"]["properties"]
    assert "**edsr" in generator["num_blocks"]["description"]
    names, texts = generator["type"]["enum"], generator["type"]["x-taplo"]["docs"]["enumValues"]
    assert "EDSR" in dict(zip(names, texts, strict=True))["edsr"]
