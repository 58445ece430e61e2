"""The size of the blocks in which packed matrices are stored, see `musicrfm.kernels.dot`."""

from __future__ import annotations

GROUP = 32  # inputs that share a scale in 4 bits, and that are summed as integers in both


def _lanes() -> int:
    """Outputs of a block: as many 32-bit numbers as the CPU for which numba compiles adds at once.

    Numba keeps compiled code by CPU, so nothing else may decide this.
    """
    try:
        from llvmlite import binding
        from numba.core import config
    except ImportError:
        return 8
    features = config.CPU_FEATURES
    if features is None:
        features = binding.get_host_cpu_features().flatten()
    return 16 if "+avx512bw" in features.split(",") else 8


LANES = _lanes()
