import pytest

from srcore.testing.commands import run_command


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        ("bash", "complete -o nosort -F _srcore_completion srcore"),
        ("zsh", "compdef _srcore_completion srcore"),
        ("fish", "complete --no-files --command srcore"),
    ],
)
def test_the_completion_of_a_shell_is_printed(capsys, shell, text):
    code, out, _ = run_command(capsys, "completion", shell)
    assert code == 0
    assert text in out
    assert f"_SRCORE_COMPLETE={shell}_complete" in out
