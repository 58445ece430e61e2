"""All that a performer can set: the parameters of a bridge and their values."""

from bridge.controls.controls import Controls
from bridge.controls.parameters import Parameter, namespace

__all__ = ["Controls", "Parameter", "namespace"]
