"""OSC: messages that set controls, and the answers to them."""

from bridge.osc.packets import build
from bridge.osc.replies import Client
from bridge.osc.server import OscServer

__all__ = ["Client", "OscServer", "build"]
