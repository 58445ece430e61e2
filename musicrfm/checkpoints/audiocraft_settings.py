"""Reads audiocraft's files: named tensors, and the settings of their training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from musicrfm.checkpoints.tensors import is_tensors
from musicrfm.errors import MusicRFMError


@dataclass(frozen=True)
class Settings:
    """Training settings as audiocraft writes them: YAML whose values may refer to each other."""

    values: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """A setting by its path, such as `transformer_lm.num_heads`; the default if it is missing
        or null."""
        for _ in range(10):  # the longest chain of references
            value: Any = self.values
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            reference = re.fullmatch(r"\$\{([\w.]+)\}", value) if isinstance(value, str) else None
            if reference is None:
                return default if value is None else value
            name = reference[1]
        return default

    def whole(self, name: str, default: int) -> int:
        """A setting as a whole number of at least 1. Raises MusicRFMError for any other value."""
        value = self.get(name, default)
        if type(value) is not int or value < 1:
            raise MusicRFMError(f"its setting {name} is {value!r}, not a number from 1 up")
        return value


def opened(content: Any, path: Path) -> tuple[Mapping[str, Tensor], Settings]:
    """The tensors in a file of `torch.save`, and the settings beside them, if any."""
    if is_tensors(content):  # the language model without settings
        return content, Settings({})
    table = content if isinstance(content, Mapping) else {}
    for key in ("best_state", "fsdp_best_state"):  # the latter after an interrupted training
        state: Any = table.get(key)
        state = state.get("model", state) if isinstance(state, Mapping) else state
        if is_tensors(state):
            break
    else:
        raise MusicRFMError(
            f"{path} is not an audiocraft checkpoint: it has no best_state with weights"
        )
    text = table.get("xp.cfg") or {}
    try:
        values = yaml.safe_load(text) if isinstance(text, str) else text
    except (yaml.YAMLError, AttributeError, RecursionError, ValueError) as error:
        raise MusicRFMError(f"the settings (xp.cfg) in {path} cannot be read") from error
    return state, Settings(values if isinstance(values, Mapping) else {})
