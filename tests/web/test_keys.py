"""Secrets in files: what is kept of them, when they are read again, how they are compared."""

from __future__ import annotations

import os

import pytest
from web_door import Clock

from bridge.model.errors import SettingError
from bridge.settings import Settings
from bridge.web import keys
from bridge.web.keys import Keys, NoSecretError, Right, SecretFile


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "token"
    found.write_text("  the-first-token-of-all \n\n")
    return found


def holds(file, text):
    return file.holds(keys._digest(text))


def test_lines_are_secrets_without_what_stands_around_them(path):
    path.write_bytes(b"\r\n one \r\n\ttwo\n\n")
    file = SecretFile(path, "X", Clock())
    assert holds(file, b"one")
    assert holds(file, b"two")
    assert not holds(file, b"")
    assert not holds(file, b"one two")


def test_a_file_is_looked_at_once_a_second_and_read_when_it_changed(path):
    clock = Clock()
    file = SecretFile(path, "X", clock)
    assert holds(file, b"the-first-token-of-all")
    path.write_text("the-second-token")
    clock.now += 0.5
    assert holds(file, b"the-first-token-of-all")
    clock.now += 0.5
    assert not holds(file, b"the-first-token-of-all")
    assert holds(file, b"the-second-token")


def test_a_file_that_is_replaced_by_one_of_the_same_age_and_size_is_seen(path):
    clock = Clock()
    file = SecretFile(path, "X", clock)
    assert holds(file, b"the-first-token-of-all")
    stat, other = path.stat(), path.with_name("other")
    other.write_text("  the-other-token-of-all \n\n")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)
    clock.now += 1
    assert holds(file, b"the-other-token-of-all")


def test_a_link_that_is_turned_is_seen(path):
    """As Kubernetes changes a mounted secret."""
    clock, link = Clock(), path.with_name("link")
    link.symlink_to(path)
    file = SecretFile(link, "X", clock)
    assert holds(file, b"the-first-token-of-all")
    other = path.with_name("other")
    other.write_text("of-the-other-file")
    link.unlink()
    link.symlink_to(other)
    clock.now += 1
    assert holds(file, b"of-the-other-file")


def test_a_file_that_is_gone_comes_back(path):
    clock = Clock()
    file = SecretFile(path, "X", clock)
    assert holds(file, b"the-first-token-of-all")
    path.unlink()
    clock.now += 1
    with pytest.raises(NoSecretError, match="No such file"):
        file.digests()
    path.mkdir()
    clock.now += 1
    with pytest.raises(NoSecretError, match="directory"):
        file.digests()
    path.rmdir()
    path.write_text("the-next-token")
    clock.now += 1
    assert holds(file, b"the-next-token")


def test_every_secret_is_compared_whichever_it_is(tmp_path, monkeypatch):
    """No shortcut tells how near a guess was, nor in which line or file it stands."""
    compared = []

    def digests_equal(a, b):
        compared.append((a, b))
        return a == b

    settings = {}
    for n, name in enumerate(("post_token_file", "read_token_file", "control_token_file")):
        settings[name] = tmp_path / name
        settings[name].write_text(f"token-{n}-first\ntoken-{n}-second\n")
    found = Keys(Settings(tmp_path, tmp_path, **settings), Clock())
    monkeypatch.setattr(keys.hmac, "compare_digest", digests_equal)
    for guess in (b"token-0-first", b"token-2-second", b"wrong", b"x" * 100_000, b""):
        compared.clear()
        found.token(guess)
        assert len(compared) == 6, guess
        assert all(len(a) == len(b) == 32 for a, b in compared)


def test_no_secret_is_kept_as_it_is(path, tmp_path):
    found = Keys(Settings(tmp_path, tmp_path, read_token_file=path), Clock())
    key = found.token(b"the-first-token-of-all")
    assert key.rights == {Right.READ}
    assert "the-first" not in repr(key) + repr(vars(found)) + repr(vars(found._tokens[0][0]))


def test_a_password_file_without_a_user_is_told(path, tmp_path):
    with pytest.raises(SettingError, match="write `user:password`"):
        Keys(Settings(tmp_path, tmp_path, post_password_file=path))


def test_a_short_secret_is_taken_and_said_but_not_shown(tmp_path, caplog):
    path = tmp_path / "token"
    path.write_text("hunter2")
    assert holds(SecretFile(path, "PAGER_READ_TOKEN_FILE"), b"hunter2")
    assert "shorter than 16" in caplog.text
    assert "hunter2" not in caplog.text
