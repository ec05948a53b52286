from __future__ import annotations

import io
import sys
import threading

import pytest

from cetransfer import progress
from cetransfer.progress import follow, meter, say, set_quiet, track


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Call inside a test, since each phase of a test has a standard error of its own."""

    def put():
        stream = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return put


def test_all_items_come_through_in_their_order():
    assert list(track([3, 1, 2], "counting")) == [3, 1, 2]
    assert list(track(iter("ab"), "spelling")) == ["a", "b"]


def test_piped_there_is_one_plain_line_at_the_start_and_one_at_the_end(capsys):
    items = track(range(5), "counting")
    next(items)
    assert capsys.readouterr().err.count("\n") == 1
    list(items)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "  done in 0 s\n")


def test_the_line_names_the_step_and_how_many_there_are(capsys):
    list(track(iter("ab"), "spelling", total=2))
    line = capsys.readouterr().err
    assert "spelling" in line
    assert "2" in line
    assert "\x1b" not in line


def test_on_a_terminal_there_is_a_bar_with_the_remaining_time(terminal):
    stream = terminal()
    with meter("counting", 4) as advance:
        advance()
        advance()
    shown = stream.getvalue()
    assert "counting" in shown
    assert "2/4" in shown
    assert "left" in shown


def test_quiet_means_silent(capsys):
    set_quiet(quiet=True)
    say("something")
    list(track([1, 2], "counting"))
    assert capsys.readouterr().err == ""
    set_quiet(quiet=False)
    say("something")
    assert capsys.readouterr().err == "something\n"


def test_quiet_means_silent_on_a_terminal_too(terminal):
    stream = terminal()
    set_quiet(quiet=True)
    list(track([1, 2], "counting"))
    assert stream.getvalue() == ""


def test_brackets_and_long_lines_are_printed_as_they_are(capsys):
    message = "strategy=[target_only,fine_tune] " + "x" * 300
    say(message)
    assert capsys.readouterr().err == message + "\n"


def test_a_step_that_fails_passes_its_error_on(capsys):
    def fail():
        with meter("counting", 4):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert "Traceback" not in capsys.readouterr().err


def test_work_that_is_done_elsewhere_is_followed_to_its_end(terminal, monkeypatch):
    monkeypatch.setattr(progress, "GLANCE", 0.01)
    stream, asked = terminal(), threading.Event()
    done = 30

    def look():
        asked.set()
        return done

    with follow(look, "training", 100, "steps"):
        assert asked.wait(10)
        done = 100
    assert "100/100" in stream.getvalue()


def test_following_stops_with_work_that_fails(capsys):
    before = set(threading.enumerate())

    def fail():
        with follow(lambda: 1, "training", 3, "steps"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    # threads of other tests may have ended meanwhile
    assert set(threading.enumerate()) <= before
    assert capsys.readouterr().err == "training: 3 steps\n"
