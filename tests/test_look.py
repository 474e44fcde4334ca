"""How the command line tells of a status, and who sings in words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from bridge.cli import app, client, duty, look, motifs
from bridge.config import DEFAULT_BOOK
from bridge.core.who import MOTIFS
from bridge.model.errors import PagerError

NOW = 1_800_000_000.0


def alert(number=1, **more):
    return {
        "fingerprint": f"f{number}",
        "severity": "critical",
        "name": "HighCPU",
        "service": "api",
        "since": NOW - 240,
        "summary": "93 % busy",
        "test": False,
        "flapping": False,
        "acknowledged": None,
        "muted": None,
        "silenced": None,
        "stale": None,
        "rule": "critical",
    } | more


def ack(**more):
    return {"by": "anna", "why": "", "at": NOW - 60, "until": NOW + 3600} | more


def watch(**more):
    return {
        "on": True,
        "off_since": None,
        "off_by": "",
        "armed": True,
        "route": "",
        "flatline": [],
        "flatline_since": None,
        "acknowledged": None,
        "inputs": [{"name": "watchdog", "last": NOW - 12, "within": 120.0, "armed": True, "late": False}],
    } | more


def status(**more):
    return {
        "now": NOW,
        "digest": "The digest.",
        "firing": [],
        "mutes": [],
        "alertmanager": [],
        "webhooks_foreign": [],
        "silent": 0,
        "voices": [],
        "players": [],
        "hears": "Who hears.",
        "mqtt": {"state": "off"},
        "watch": watch(),
        "who": [],
        "bed": {"level": 1.0, "chord": 0.0},
        "cadence": {"quiet_hours": False, "next_reminder": None, "storm": 0},
        "rule_book": {"path": "pager.yml", "problems": []},
        "own_sounds": {"path": None, "problems": []},
        "store": {"path": "state", "ok": True},
    } | more


def lines(**more):
    return look.status_lines(status(**more), is_plain=True)


def test_all_is_well():
    assert lines() == [
        "The digest.",
        "Watch: armed, heard watchdog 12 s ago.",
        "MQTT: off (MQTT_HOST is empty).",
        "Rule book: pager.yml.",
        "Who hears.",
    ]


def test_an_alert_tells_who_has_it_and_its_fingerprint_last():
    found = lines(firing=[alert(flapping=True, acknowledged=ack(why="on\nit"))])
    assert found[1] == (
        "critical HighCPU on api, for 4 min, flapping, acknowledged by anna, 1 min ago (on it), rule critical: 93 % busy [f1]"
    )
    assert (
        lines(firing=[alert(test=True, service="", summary="")])[1]
        == "critical TEST HighCPU, for 4 min, rule critical [f1]"
    )


def test_twenty_alerts_unless_all_are_asked_for():
    many = [alert(number) for number in range(23)]
    found = lines(firing=many)
    assert sum(line.startswith("critical") for line in found) == 20
    assert found[21] == "and 3 more: singing-pager status --all"
    whole = look.status_lines(status(firing=many), is_plain=True, limit=None)
    assert sum(line.startswith("critical") for line in whole) == 23
    assert not [line for line in whole if "--all" in line]
    assert not [line for line in lines(firing=many[:20]) if "--all" in line]


@pytest.mark.parametrize(
    ("stands", "line"),
    [
        (
            watch(armed=False),
            "Watch: not armed, no Watchdog has come. `singing-pager watch` has the route to paste.",
        ),
        (
            watch(
                route="the route",
                inputs=[
                    {"name": "watchdog", "last": None, "within": 120.0, "armed": False, "late": False},
                    {"name": "boiler", "last": NOW - 5, "within": 60.0, "armed": True, "late": False},
                ],
            ),
            (
                "Watch: armed for boiler; no Watchdog has come yet: Prometheus itself is not watched."
                " `singing-pager watch` has the route to paste."
            ),
        ),
        (
            watch(on=False, off_since=NOW - 300, off_by="bob"),
            "Watch: OFF for 5 min, by bob. No flatline would sound; `singing-pager watch on` switches it on.",
        ),
        (
            watch(
                flatline=[{"name": "watchdog", "last": NOW - 200}, {"name": "cpu", "last": None}],
                flatline_since=NOW - 80,
            ),
            (
                "FLATLINE for 1 min: nothing comes from watchdog (last heard 3 min ago), cpu (never heard);"
                " take it on: singing-pager ack flatline."
            ),
        ),
        (
            watch(flatline=[{"name": "cpu", "last": None}], acknowledged=ack()),
            "FLATLINE: nothing comes from cpu (never heard), acknowledged by anna, 1 min ago.",
        ),
    ],
)
def test_how_the_watch_stands(stands, line):
    assert line in lines(watch=stands)


def test_cadence_and_bed_are_told_where_they_say_something():
    found = lines(
        cadence={"quiet_hours": True, "next_reminder": NOW + 45, "storm": 12},
        voices=[{"id": "cpu", "sound": "cpu", "value": 0.5, "since": NOW - 60, "rule": "cpu"}],
        bed={"level": 0.25, "chord": 2.0},
    )
    for line in (
        "Quiet hours: only criticals and the flatline sound.",
        "Next reminder in 45 s.",
        "Storm: 12 alerts in one texture.",
        "The bed has sunk: all has been calm.",
        "The bed's chord: 2 of 4, the more the worse.",
    ):
        assert line in found


def person(service, second=-5.0, third=0.0, pan=-0.4, *, chosen=False):
    return {"service": service, "second": second, "third": third, "pan": pan, "chosen": chosen}


def test_who_sings_now_is_told_and_the_others_are_counted():
    people = [person("api"), person("db"), person("web")]
    found = lines(who=people, firing=[alert()])
    assert "api sings: falls a fourth, then back; left 0.4" in found
    assert "and 2 more: singing-pager who" in found
    assert "Who sings: 3 known: singing-pager who" in lines(who=people)
    assert not [line for line in lines(who=people[:1], firing=[alert()]) if "singing-pager who" in line]


def test_more_than_five_who_sing_are_one_line():
    people = [person(f"s{number}") for number in range(7)]
    for singing, told in ((5, 5), (6, 0)):
        found = lines(who=people, firing=[alert(n, service=f"s{n}") for n in range(singing)])
        assert len([line for line in found if " sings: " in line]) == told
    assert "6 services sing: singing-pager who" in found
    assert not [line for line in found if "more: singing-pager who" in line]


def test_refused_own_sounds_are_told_apart_from_the_rule_book():
    found = lines(own_sounds={"path": "mine", "problems": [f"mine/{n}.yml: bad\n" for n in range(7)]})
    assert "Rule book: pager.yml." in found
    assert found[-2] == (
        "Own sounds in mine, refused: "
        + "; ".join(f"mine/{n}.yml: bad " for n in range(look.REFUSED))
        + "; and 2 more"
    )


def acks(count, **more):
    word = {0: "critical"}
    return [
        {"fingerprint": f"f{n}", "severity": word.get(n % 10, "warning"), **ack(**more)} for n in range(count)
    ]


def acked(new, old=(), **more):
    found = status(firing=[alert(n, name=f"N{n}", service="") for n in range(50)], **more)
    return duty.ack_lines({"acknowledged": list(new), "already": list(old)}, found, is_plain=True)


def test_ten_acknowledgements_are_told_and_of_more_there_is_a_sum():
    until = look.clock(NOW + 3600)
    assert acked(acks(2)) == [
        f"Acknowledged critical N0, until {until}.",
        f"Acknowledged warning N1, until {until}.",
    ]
    assert len(acked(acks(10))) == 10
    found = acked(acks(50))
    assert found[0] == f"Acknowledged 50: 5 critical, 45 warning, until {until}."
    assert found[1:6] == [f"Acknowledged critical N{n}, until {until}." for n in (0, 10, 20, 30, 40)]
    assert (len(found), found[-1]) == (12, "and 40 more")
    old = acked((), acks(50))
    assert old[0] == "50: 5 critical, 45 warning were acknowledged already."
    assert (len(old), old[-1]) == (12, "and 40 more")


def test_who_acknowledges_alerts_is_pointed_to_the_flatline():
    flat = watch(flatline=[{"name": "cpu", "last": None}])
    say = "The flatline sounds: singing-pager ack flatline"
    assert acked((), watch=flat) == [f"Nothing fires. {say}"]
    assert acked(acks(1), watch=flat)[1:] == [say]
    assert acked(()) == ["Nothing fires."]
    assert acked((), watch=flat | {"acknowledged": ack()}) == ["Nothing fires."]
    taken = {"fingerprint": "flatline", "severity": "warning", **ack()}
    assert acked([taken], watch=flat) == [f"Acknowledged the flatline, until {look.clock(NOW + 3600)}."]


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("pager.lan/", "http://pager.lan"),
        ("https://pager.lan", "https://pager.lan"),
        ("", "http://127.0.0.1:8123"),
    ],
)
def test_an_address_without_a_scheme_is_http(monkeypatch, url, base):
    monkeypatch.setenv("PAGER_HTTP_PORT", "8123")
    assert client.base(url) == base


def test_what_is_no_address_is_said():
    with pytest.raises(PagerError, match="no bridge answers at http://\\[: "):
        client.ask("[:", "GET", "/api/v1/status")


@pytest.mark.parametrize("command", ["ack", "unack", "resolve"])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_fingerprint_is_never_everything(command, empty):
    done = CliRunner().invoke(app, [command, empty, "--url", "http://127.0.0.1:9"])
    assert isinstance(done.exception, PagerError)
    assert str(done.exception).startswith("the fingerprint is empty; name one, or leave it out for every ")


def checked(path):
    return CliRunner().invoke(app, ["check-config", str(path)])


def test_a_rule_book_without_a_sign_of_life_is_good_with_a_note(tmp_path):
    book = tmp_path / "pager.yml"
    note = "note: no rule takes Watchdog as sign_of_life; the watch can never arm by it"
    rule = "  - {name: dog, match: ['alertname=\"Watchdog\"'%s], sound: sign_of_life}\n"
    texts = {
        "": True,
        rule % "": False,
        rule % ", severity=none": False,
        rule.replace("Watch", "Bull") % "": True,
    }
    for text, noted in texts.items():
        book.write_text(f"version: 1\nalerts:\n{text}  - {{name: all}}\n")
        done = checked(book)
        assert (done.exit_code, note in done.stdout) == (0, noted), text
    assert note not in checked(DEFAULT_BOOK).stdout


def test_a_missing_rule_book_is_told_whichever_way_it_was_named(tmp_path):
    done = checked(tmp_path / "none.yml")
    assert str(done.exception) == (
        f"{tmp_path}/none.yml: cannot be read (No such file or directory); name a rule book, here or in PAGER_CONFIG"
    )


def test_what_comes_from_outside_cannot_begin_a_line():
    evil = "a\n\x1b[2Jb"
    found = lines(
        firing=[alert(name=evil, service=evil, summary=evil, acknowledged=ack(by=evil, why=evil))],
        watch=watch(on=False, off_by=evil),
        who=[person(evil)],
    )
    assert all(line.isprintable() for line in [*found, *motifs.table([person(evil)])])


def test_the_table_of_who():
    found = motifs.table([person("api"), person("payments", 0.0, -12.0, 0.6, chosen=True)])
    assert found == [
        "SERVICE   MOTIF (SEMITONES)                     PLACE",
        "api       falls a fourth, then back (-5, 0)     left 0.4",
        "payments  stays, then falls an octave (0, -12)  right 0.6 (by the rule book)",
    ]
    assert motifs.table([]) == []


def test_every_motif_has_words_of_its_own():
    assert len({motifs.motif(*pair) for pair in MOTIFS}) == len(MOTIFS)


@pytest.mark.parametrize(
    ("second", "third", "words"),
    [
        (0, 0, "stays on one note"),
        (-8, -5, "falls a minor sixth, then rises a minor third"),
        (-12, -12, "falls an octave, then stays"),
        (12, -12, "rises an octave, then falls 24 semitones"),
        (-2.5, 0, "falls 2.5 semitones, then back"),
        (7, 0.01, "rises a fifth, then back"),
    ],
)
def test_motifs_in_words(second, third, words):
    assert motifs.motif(second, third) == words


def test_what_is_muted_is_told_on_every_status():
    mute = {
        "id": "m1",
        "fingerprint": "",
        "name": "",
        "match": ["service=db"],
        "include_critical": False,
        "by": "anna",
        "why": "upgrade",
        "at": NOW,
        "until": NOW + 60,
    }
    [line] = [line for line in lines(mutes=[mute]) if line.startswith("MUTED")]
    until = look.clock(NOW + 60)
    assert line == f"MUTED: service=db, not criticals, until {until}, by anna (upgrade) [m1]"
    everything = mute | {"match": [], "include_critical": True, "by": "", "why": ""}
    assert look.mute(everything) == f"everything, also criticals, until {until} [m1]"
    one = everything | {"fingerprint": "f1", "name": "Disk\x1b[2J"}
    assert look.mute(one) == f"Disk [2J (f1), also criticals, until {until} [m1]"
    assert look.mute(one | {"name": ""}).startswith("an alert that does not fire now (f1), ")
    assert f", muted until {until}" in lines(firing=[alert(muted=mute)])[1]


def test_a_quiet_player_is_told_with_who_made_it_so():
    quiet = {"by": "anna", "why": "", "at": NOW, "until": NOW + 60}
    page = {"kind": "browser", "name": "browser-1", "audible": False, "level": "everything", "quiet": quiet}
    assert f"Page browser-1: quiet until {look.clock(NOW + 60)}, by anna." in lines(players=[page])


@pytest.mark.parametrize(("text", "noted"), [("4h59m", True), ("1m", True), ("5h", False), ("1d", False)])
def test_a_stale_after_below_what_alertmanager_repeats_is_noted(tmp_path, text, noted):
    path = tmp_path / "book.yml"
    path.write_text(DEFAULT_BOOK.read_text() + f"stale_after: {text}\n")
    done = CliRunner().invoke(app, ["check-config", str(path)])
    assert done.exit_code == 0
    assert (f"note: stale_after {text}: Alertmanager repeats every 4h" in done.output) is noted


def alertmanager(**more):
    return {
        "urls": ["http://am:9093"],
        "external_urls": ["http://am:9093"],
        "ok": True,
        "last": NOW - 3,
        "error": "",
        "failed": 0,
        "silences": 1,
        "receivers": ["web.hook"],
    } | more


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({}, "Alertmanager http://am:9093: answers, 1 silence."),
        ({"ok": None, "last": None}, "Alertmanager http://am:9093: not asked yet."),
        (
            {"ok": False, "last": NOW - 60, "failed": 3, "error": "refused\x1b[2J"},
            "Alertmanager http://am:9093: CANNOT BE ASKED, answered 1 min ago, failed 3 times: refused [2J",
        ),
        (
            {"receivers": [], "silences": 0},
            "Alertmanager http://am:9093: answers, 0 silences; " + look.NOT_OURS + ".",
        ),
    ],
)
def test_how_an_alertmanager_stands(found, line):
    assert line in lines(alertmanager=[alertmanager(**found)])


def test_an_alertmanager_that_is_not_asked_is_named():
    [line] = [
        line for line in lines(webhooks_foreign=[{"external_url": "http://x\n"}]) if "Not asked" in line
    ]
    assert "calls itself http://x ;" in line


def test_what_is_silenced_or_stale_says_why():
    silence = {"id": "s1", "by": "anna", "comment": "new\ndisk", "until": NOW + 3600}
    until = look.moment(NOW + 3600)
    [line] = [line for line in lines(firing=[alert(silenced=silence)]) if "HighCPU" in line]
    assert f", silenced in Alertmanager by anna until {until} (new disk), " in line
    inhibited = {"id": "", "by": "", "comment": "inhibited by Down", "until": None}
    stale = {"since": NOW - 120, "why": "no answer"}
    [line] = [line for line in lines(firing=[alert(silenced=inhibited, stale=stale)]) if "HighCPU" in line]
    assert ", inhibited by Down, STALE for 2 min, " in line
