"""What is in a file of audiocraft's: tensors by their names, and the settings of their training."""

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
    """What a model was trained with, as audiocraft writes it: YAML that may refer to itself."""

    values: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """The setting, as in `transformer_lm.num_heads`; the default if it is not said, or null."""
        for _ in range(10):  # so often may one refer to another
            value: Any = self.values
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            reference = re.fullmatch(r"\$\{([\w.]+)\}", value) if isinstance(value, str) else None
            if reference is None:
                return default if value is None else value
            name = reference[1]
        return default

    def whole(self, name: str, default: int) -> int:
        """The setting as a number from 1 up. Raises MusicRFMError if it is none."""
        value = self.get(name, default)
        if type(value) is not int or value < 1:
            raise MusicRFMError(f"its setting {name} is {value!r}, not a number from 1 up")
        return value


def opened(content: Any, path: Path) -> tuple[Mapping[str, Tensor], Settings]:
    """The tensors in a file of `torch.save`, and the settings beside them, if there are any."""
    if is_tensors(content):  # a language model alone
        return content, Settings({})
    table = content if isinstance(content, Mapping) else {}
    for key in ("best_state", "fsdp_best_state"):  # the last in a file that training left
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
