"""The engine of a set: passes controls to the stream once per frame, and its audio to the output.

`engine` decides when to make a frame, `frame` makes it, `applier` applies the controls' values,
`takes` returns to earlier frames when they change, `keeping` passes the played audio to recorders
and the log.
"""

from bridge.engine.engine import Engine
from bridge.engine.status import Status

__all__ = ["Engine", "Status"]
