"""Names and addresses of computers, as people, rigs and browsers write them."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from urllib.parse import urlsplit

from bridge.process.handles import RESERVE
from musicrfm.errors import MusicRFMError

NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def host_of(place: str) -> str | None:
    """The host in `host`, `host:port`, `[v6]` or `[v6]:port`, in lower case, or None."""
    try:
        parts = urlsplit(f"//{place}")
        _ = parts.port  # raises if it is no number
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return None if parts.hostname is None else parts.hostname.rstrip(".")


def host_name(text: str) -> str:
    """A further host name of the page, as browsers write it. Raises MusicRFMError if it is
    invalid."""
    found = text.strip().rstrip(".")
    with contextlib.suppress(UnicodeError):
        found = found.encode("idna").decode()
    if not NAME.fullmatch(found.lower()):
        raise MusicRFMError(
            f"{text!r} is not a host name: give the name alone, such as stage.example.org, without "
            "http://, port or path"
        )
    return found.lower()


def web_place(text: str) -> tuple[str, int]:
    """Host and port in `port`, `host:port` or `[v6]:port`. Raises MusicRFMError for anything
    else."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    if not host or not (port.isascii() and port.isdigit()) or not 0 <= int(port) <= 65535:
        raise MusicRFMError(f"{text!r} is not [HOST:]PORT, such as 8000 or 0.0.0.0:8000")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether a server bound to this host can only be reached from this machine."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(place[0]).split("%")[0]).is_loopback for *_, place in found)


def is_own_address(host: str) -> bool:
    """Whether the address belongs to this computer, so that a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with RESERVE.lent(), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def is_here(host: str) -> bool:
    """Whether the address belongs to this computer in a way that no other computer can fake."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def own_names() -> tuple[str, str]:
    """The computer's names, including its name on the local network."""
    name = socket.gethostname()
    return name, f"{name.split('.')[0]}.local"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """The addresses in `ADDRESS` or `ADDRESS/PREFIX`. Raises MusicRFMError for anything else."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise MusicRFMError(
            f"{text!r} is not an address or a network: give one such as 192.168.1.20 or "
            "192.168.1.0/24"
        ) from None


def is_within(host: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks, or the loopback."""
    if is_here(host):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in one for one in networks)
