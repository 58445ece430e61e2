"""The published package's `musicrfm.utils`, as far as its examples use it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def make_json_serializable(obj: Any) -> Any:
    """The same with plain Python numbers, lists and dicts in the place of NumPy's and PyTorch's."""
    if isinstance(obj, dict):
        return {key: make_json_serializable(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [make_json_serializable(item) for item in obj]
    if isinstance(obj, torch.Tensor):
        return obj.detach().cpu().tolist()
    if isinstance(obj, (np.ndarray, np.generic)):
        return obj.tolist()
    return obj
