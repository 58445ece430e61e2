"""The version of the package, which is told nowhere else."""

__version__ = "0.1.0"
