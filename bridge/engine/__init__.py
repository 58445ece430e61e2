"""The clockwork of a set: controls go into the stream once a frame, its sound goes to the output.

`engine` decides when a frame is made, `frame` makes it, `applier` hands it the controls' values,
`takes` goes back when they change, `keeping` gives what was heard to recorders and the log.
"""

from bridge.engine.engine import Engine
from bridge.engine.status import Status

__all__ = ["Engine", "Status"]
