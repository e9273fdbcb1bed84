"""What a command says when it is asked wrongly."""

import pytest
from flask import Flask

# Brought by Flask and its extensions, with words of their own.
FOREIGN_COMMANDS = {"db", "routes", "run", "shell", "worker"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("coverage --denominator D", "'D' is not one of 'A', 'B', 'C'. See: "),
        ("users create a@example.vn", "Missing option '--role'. Choose from: administrator, "),
        ("reports freeze --since 2026-01-01", "--since and --as-of go together. See: "),
        ("reports nonsense", "No such command 'nonsense'. See: "),
        ("import-stalls", "Missing argument 'FILE'. See: "),
    ],
)
def test_wrong_usage_is_told_in_one_line(app: Flask, words: str, told: str) -> None:
    result = app.test_cli_runner().invoke(args=words.split())

    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert told in line
    assert line.endswith("--help")


def test_no_command_is_left_out(app: Flask) -> None:
    runner = app.test_cli_runner()
    own = [name for name in app.cli.commands if name not in FOREIGN_COMMANDS]

    said = [runner.invoke(args=[name, "--no-such"]) for name in own]

    assert {result.exit_code for result in said} == {2}
    assert [result.stderr.count("\n") for result in said] == [1] * len(own)
    assert [
        result.stderr.endswith(f" {name} --help\n") for name, result in zip(own, said, strict=True)
    ] == [True] * len(own)


def test_a_group_without_a_command_explains_itself(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["reports"])

    assert result.exit_code == 2
    assert "freeze" in result.stderr
