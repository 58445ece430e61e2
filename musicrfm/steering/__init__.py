"""How a direction moves the music: what is steered, how strongly, where in the model and when."""

from musicrfm.steering.steering import Steering

__all__ = ["Steering"]
