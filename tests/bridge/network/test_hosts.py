"""Host names and addresses."""

from __future__ import annotations

import pytest

from bridge.network.hosts import host_name, host_of, is_loopback, web_place
from musicrfm.errors import MusicRFMError


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("LocalHost:1", "localhost"),
        ("stage.local.", "stage.local"),
        ("[::1]:80", "::1"),
        ("a/b", None),
        ("a?b", None),
        ("", None),
        ("u@a", None),
        ("a:99999", None),
        ("[::1", None),
    ],
)
def test_host_is_read_from_an_address_with_port(place, host):
    assert host_of(place) == host


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Stage.Example.org", "stage.example.org"),
        (" stage ", "stage"),
        ("stage.local.", "stage.local"),
        ("bühne.example", "xn--bhne-0ra.example"),
        ("my_stage-2.tail1234.ts.net", "my_stage-2.tail1234.ts.net"),
    ],
)
def test_host_name_is_normalised_as_in_browsers(text, name):
    assert host_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "https://stage.example", "stage:8000", "stage/x", "*.ts.net", "a b", "..", "[::1]"]
)
def test_invalid_host_name_is_refused(text):
    with pytest.raises(MusicRFMError, match="is not a host name: give the name alone"):
        host_name(text)


def test_web_place_reads_host_and_port():
    assert web_place("8000") == ("127.0.0.1", 8000)
    assert web_place("0.0.0.0:80") == ("0.0.0.0", 80)
    assert web_place("[::1]:80") == ("::1", 80)
    for text in ("", "stage", "a:b", ":80", "99999"):
        with pytest.raises(MusicRFMError, match="HOST"):
            web_place(text)


def test_loopback_hosts_are_recognised():
    assert is_loopback("127.0.0.1") and is_loopback("localhost") and is_loopback("127.8.9.1")
    assert not is_loopback("0.0.0.0") and not is_loopback("192.168.1.5")
