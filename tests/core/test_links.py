"""Links of an alert: where it came from, and nothing that a stranger could do harm with."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from core.events import Told, fires
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.links import LONGEST, NAMES, checked, links, silence, usable, whole
from bridge.core.matchers import MOST, parse, written
from bridge.core.space import weight

U, V, W = "https://a.example/u", "http://b.example:9090/v?q=1#x", "https://c.example/w"
TEXTS = st.text(max_size=40)


@pytest.mark.parametrize("url", [
    U, V, "HTTPS://A.example/x", "http://localhost:3000", "http://[::1]:9090/graph", "https://bücher.example/ü",
    "http://10.0.0.1/" + "x" * (LONGEST - 16),
    "https://g.example/d/a?var-pod=%7B%22a%22%7D&from=now-1h@m", "http://a/b@c",
])  # fmt: skip
def test_a_whole_url_of_the_web_is_a_link(url):
    assert usable(url)


@pytest.mark.parametrize("url", [
    None, 7, b"https://a.example", ["https://a.example"], {"https://a.example": 1}, "", "a", "a.example/x", "/x", "//a.example/x",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)", "javascript://a.example/%0aalert(1)",
    "data:text/html,<script>1</script>", "vbscript:x", "file:///etc/passwd", "ftp://a.example/x", "blob:https://a.example/1",
    "view-source:https://a.example", "ws://a.example", "mailto:a@a.example", "https:", "https:/a.example", "https://", "https:///x",
    "http:a.example", "https://:443/x", "https://?x", "https://#x", "https://user:pass@a.example/", "https://user@a.example/",
    "https://@a.example/", "https://:@a.example/", "https://a.example:x/", "https://a.example:99999/", "https://a.example:0/",
    "https://[::1/", "https://[zz]/", "https:\\\\a.example\\x", "https://a.example\\@b.example/", "https://a.example/\\x",
    " https://a.example", "https://a.example ", "https://a.example/a b", "https://a.example/\t", "https://a.example/\r\nX: y",
    "https://a.example/\0", "https://a.example/\u202egpj.exe", "https://a.exa\u200bmple/", "https://a.example/\ud800",
    "https://a.example/\u00a0", "http://10.0.0.1/" + "x" * (LONGEST - 15), "https://" + "a" * 1_000_000,
])  # fmt: skip
def test_everything_else_is_none(url):
    assert not usable(url)
    assert links({"generatorURL": url}, {}) == {}


@given(
    st.one_of(
        st.text(),
        st.tuples(st.sampled_from(["http://", "https://", "http:", "HTTP://"]), st.text()).map("".join),
    )
)
def test_whatever_is_said_a_link_has_a_host_and_no_credentials(text):
    if not usable(text):
        return
    parts = urlsplit(text)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert (parts.username, parts.password) == (None, None)
    assert text.isprintable()
    assert len(text) <= LONGEST


@pytest.mark.parametrize(("sent", "annotations", "found"), [
    ({}, {}, {}),
    ({"generatorURL": U}, {}, {"source": U}),
    ({}, {"runbook_url": U, "runbook": V}, {"runbook": U}),
    ({}, {"runbook": V}, {"runbook": V}),
    ({}, {"runbook": "turn it off and on again"}, {}),
    ({}, {"runbook_url": "javascript:1", "runbook": V}, {"runbook": V}),
    ({"dashboardURL": W}, {"dashboard_url": U, "dashboard": V}, {"dashboard": U}),
    ({"dashboardURL": W}, {"dashboard": V}, {"dashboard": V}),
    ({"dashboardURL": W}, {"dashboard": "abc"}, {"dashboard": W}),
    ({"panelURL": U, "silenceURL": V}, {}, {"panel": U, "silence": V}),
    ({"runbook_url": U, "links": {"source": U}}, {"generatorURL": U, "panelURL": V, "silence": W}, {}),
    ({"panelURL": "", "dashboardURL": "", "silenceURL": ""}, {}, {}),
])  # fmt: skip
def test_which_text_makes_which_link(sent, annotations, found):
    assert links(sent, annotations) == found


KEYS = ["generatorURL", "dashboardURL", "panelURL", "silenceURL", "x"]
ANY = st.none() | st.booleans() | st.integers() | TEXTS | st.just(U) | st.lists(TEXTS, max_size=2)


@given(
    st.dictionaries(st.sampled_from(KEYS), ANY),
    st.dictionaries(st.sampled_from(["runbook_url", "runbook", "dashboard"]), TEXTS | st.just(V)),
)
def test_whatever_is_sent_only_links_come_of_it(sent, annotations):
    found = links(sent, annotations)
    assert set(found) <= set(NAMES)
    assert all(map(usable, found.values()))
    assert checked(found) == found


def test_of_a_file_only_links_are_taken():
    assert checked({"source": U, "runbook": "javascript:1", "evil": V}) == {"source": U}


# The form for a silence


def filter_of(url):
    return unquote(url.partition("filter=")[2])


def test_alertmanagers_form_is_filled_with_every_label():
    url = silence(
        "https://am.example/path/", {"alertname": "High CPU", "why": 'a "b"\\c\nd', "k8s.io/x": "ü&#"}
    )
    assert url.startswith(
        "https://am.example/path/#/silences/new?filter=%7Balertname%3D%22High%20CPU%22%2C%20"
    )
    assert filter_of(url) == r'{alertname="High CPU", why="a \"b\"\\c\nd", "k8s.io/x"="ü&#"}'
    assert usable(url)


@given(st.dictionaries(st.text(min_size=1, max_size=12), TEXTS, min_size=1, max_size=8))
def test_the_form_says_these_labels_and_no_others(labels):
    url = silence("http://am:9093", labels)
    if url:
        assert [(m.name, m.op, m.value) for m in parse(filter_of(url))] == [
            (n, "=", v) for n, v in labels.items()
        ]


@given(st.text(min_size=1, max_size=40), st.text(max_size=200))
def test_what_is_written_is_read_again(name, value):
    [matcher] = parse(written(name, value))
    assert (matcher.name, matcher.op, matcher.value) == (name, "=", value)


@pytest.mark.parametrize("url", [
    "", "am:9093", "javascript:1", "https://u:p@am.example", "https://am.example/?x=", "https://am.example/#/x",
])  # fmt: skip
def test_what_is_no_alertmanagers_url_has_no_form(url):
    assert not silence(url, {"a": "b"})


def test_without_labels_or_with_too_many_there_is_no_form():
    assert not silence("http://am", {}), "it would silence everything"
    assert not silence("http://am", {f"label{i}": "x" * 40 for i in range(MOST)})


def test_what_grafana_says_comes_before_what_we_would_make():
    assert whole(fires(cluster="http://am", links={"silence": U}))["silence"] == U
    assert whole(fires(cluster="http://am"))["silence"].startswith("http://am/#/silences/new?filter=")
    assert whole(fires(links={"source": U})) == {"source": U}


# As long as it fires


def test_a_repeat_renews_links_and_one_without_keeps_them():
    told = Told()
    told(fires("a", links={"source": U}))
    told(fires("a", links={"source": V, "panel": W}))
    assert told.engine.active["a"].event.links == {"source": V, "panel": W}
    told(fires("a", annotations={"summary": "s"}))
    assert told.engine.active["a"].event.links == {"source": V, "panel": W}
    assert told.engine.space._used == weight(told.engine.active["a"].event)


def test_links_weigh_and_grow_only_where_there_is_room():
    long = {"source": "http://a/" + "x" * 2000}
    before = fires("a", "warning", links={"source": U})
    assert weight(fires("a", "warning", links=long)) > weight(before) + 1900
    told = Told()
    told.engine.space._most_bytes = weight(before) + 100
    told(before)
    told(fires("a", "warning", links=long))
    assert told.engine.active["a"].event.links == {"source": U}
    assert told(fires("a", "critical", links=long)) == ("fired", "critical")
    assert told.engine.active["a"].event.links == {"source": U}
    told.engine.space._most_bytes += 3000
    told(fires("a", "critical", links=long))
    assert told.engine.active["a"].event.links == long
