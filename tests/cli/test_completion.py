import pytest

from srcore.cli.main import main


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        ("bash", "complete -o nosort -F _srcore_completion srcore"),
        ("zsh", "compdef _srcore_completion srcore"),
        ("fish", "complete --no-files --command srcore"),
    ],
)
def test_the_completion_of_a_shell_is_printed(capsys, shell, text):
    with pytest.raises(SystemExit) as caught:
        main(["completion", shell])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert text in out
    assert f"_SRCORE_COMPLETE={shell}_complete" in out
