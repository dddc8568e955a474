"""Numbers and words of the page."""

from srcore.plugin.manager import plugins
from srcore.report.facts import facts, other_results, protocol_of_run, rows, state
from srcore.report.reading import read_run


def test_one_run_beside_bicubic(make_run, results):
    (row,) = rows(read_run(make_run("a", results=results)), registry=plugins().registry)
    assert (row.set_name, row.metric, row.bicubic) == ("photos", "psnr", "30.5000")
    assert (row.cells[0].text, row.cells[0].gain) == ("31.0000", "+0.5000")
    assert row.best_at == "31.0000 at 100"


def test_the_best_of_several_runs_is_marked(make_run):
    def made(name, psnr, niqe):
        measured = {"validation": {"photos": {"psnr": psnr, "niqe": niqe}}}
        metrics = [{"type": "psnr", "name": ""}, {"type": "niqe", "name": ""}]
        return read_run(make_run(name, results=measured, metrics=metrics))[0]

    psnr, niqe = rows(
        [made("a", 31.0, 5.0), made("b", 32.0, 4.0), made("c", 30.0, 6.0)],
        registry=plugins().registry,
    )
    assert [cell.best for cell in psnr.cells] == [False, True, False]
    assert [cell.best for cell in niqe.cells] == [False, True, False], "lower is better"


def test_a_metric_of_an_absent_plugin_is_shown_but_not_ranked(make_run):
    def made(name, value):
        measured = {"validation": {"photos": {"sharpness": value}}}
        metrics = [{"type": "srplug_absent", "name": "sharpness"}]
        return read_run(make_run(name, results=measured, metrics=metrics))[0]

    (row,) = rows([made("a", 1.0), made("b", 2.0)], registry=plugins().registry)
    assert [cell.text for cell in row.cells] == ["1.0000", "2.0000"]
    assert not any(cell.best for cell in row.cells)


def test_runs_without_a_value_have_a_dash(make_run, results):
    first = read_run(make_run("a", results=results))[0]
    second = read_run(make_run("b", results={"validation": {}}))[0]
    (row,) = rows([first, second], registry=plugins().registry)
    assert [cell.text for cell in row.cells] == ["31.0000", "-"]


def test_facts_of_training_and_of_other_stages(make_run, results):
    losses = [
        {"type": "l1", "weight": 0.01, "name": ""},
        {"type": "adversarial", "weight": 1.0, "name": "gan"},
    ]
    told = facts(read_run(make_run("a", results=results, losses=losses))[0])
    assert told["Scale"] == "x2"
    assert told["Losses"] == "0.01 l1 + gan"
    assert told["Iterations"] == "100"
    task = read_run(
        make_run("b", rows=[], results={"generated": {"images": 7.0}}, task={"type": "make"})
    )[0]
    assert facts(task)["Task"] == "make"
    assert "Iterations" not in facts(task)
    assert other_results(task) == {"generated images": "7"}


def test_an_interrupted_run_says_how_far_it_came(make_run):
    run = read_run(make_run("a", train={"iterations": 500, "batch_size": 8}))[0]
    assert state(run) == "not finished"
    assert facts(run)["Iterations"] == "100 recorded of 500"


def test_the_protocol_is_stated(make_run):
    assert "without a border of 2 pixels" in protocol_of_run(read_run(make_run("a"))[0])
    metrics = [{"type": "psnr", "name": "rgb", "y_channel": False, "crop_border": 4}]
    text = protocol_of_run(read_run(make_run("b", metrics=metrics))[0])
    assert text == "Measured on 8-bit images: rgb (y channel no, crop border 4)."
