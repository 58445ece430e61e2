"""`MusicGenController` with the published signatures, on this library's parts.

    from musicrfm import MusicGenController

Where it differs from the published class: `docs/published.md`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
import transformers
from torch import Tensor

from musicrfm.errors import MusicRFMError, short
from musicrfm.published import detectors, store
from musicrfm.published.pushing import (
    TimeControl,
    at_known_layers,
    one_direction,
    several_directions,
    term,
    terms,
)
from musicrfm.published.states import get_hidden_states_music, known_layers
from musicrfm.published.toolkits import (
    MusicLinearProbeToolkit,
    MusicLogisticRegressionToolkit,
    MusicRFMToolkit,
    Toolkit,
    columns,
)
from musicrfm.steering.hooks import Change, intervene

TOOLKITS: dict[str, Callable[[], Toolkit]] = {
    "music_rfm": MusicRFMToolkit,
    "linear": MusicLinearProbeToolkit,
    "logistic": MusicLogisticRegressionToolkit,
}
GUIDANCE = 3.0
TOKENS = 256

Directions = dict[int, Tensor]  # layer from the end -> [components, width]


class MusicGenController:
    """Trains directions of one MusicGen and generates with them.

    model: a MusicgenForConditionalGeneration. processor: for its texts. encodec_model,
    encodec_processor: for audio. control_method: "music_rfm", "linear" or "logistic". n_components:
    number of eigenvectors to keep. rfm_iters: AGOP updates per trial. batch_size: of the decoder's
    passes over training data. Raises MusicRFMError for an unknown method, and for anything but
    models of transformers.

        >>> import torch
        >>> from musicrfm import MusicGenController, MusicModel
        >>> hf = MusicModel.load("nano", device="cpu").hf
        >>> controller = MusicGenController(hf, None, hf.audio_encoder, None, "linear", 1)
        >>> labels = torch.tensor([0.0, 1.0]).repeat(20)
        >>> states = {-1: torch.randn(40, 256) + labels[:, None]}  # or codes of sound
        >>> accuracies = controller.compute_directions(states, labels, hidden_layers=[-1])
        >>> controller.directions[-1].shape  # components, width
        torch.Size([1, 256])
    """

    def __init__(
        self,
        model: transformers.PreTrainedModel,
        processor: Any,
        encodec_model: transformers.PreTrainedModel,
        encodec_processor: Any,
        control_method: str = "music_rfm",
        n_components: int = 5,
        rfm_iters: int = 8,
        batch_size: int = 8,
    ) -> None:
        if control_method not in TOOLKITS:
            raise MusicRFMError(
                f"control_method {control_method!r} does not exist: choose one of "
                f"{', '.join(TOOLKITS)}"
            )
        for what, given in (("model", model), ("encodec_model", encodec_model)):
            if not isinstance(given, transformers.PreTrainedModel):
                raise MusicRFMError(
                    f"{what} must be a model of transformers, such as MusicModel.load(…).hf, not "
                    f"{short(given)}"
                )
        self.model, self.processor = model.eval(), processor
        self.encodec_model, self.encodec_processor = encodec_model.eval(), encodec_processor
        self.control_method, self.name = control_method, None
        self.hyperparams: dict[str, Any] = {
            "control_method": control_method,
            "rfm_iters": rfm_iters,
            "forward_batch_size": batch_size,
            "M_batch_size": 2048,
            "n_components": n_components,
        }
        self.hidden_layers = list(range(-1, -self.depth, -1))
        self.toolkit = TOOLKITS[control_method]()
        self.directions: Directions | None = None
        self.signs: dict[int, dict[int, int]] | None = None
        self.detector_coefs: dict[Any, list] | None = None
        self._scores: dict[int, float] = {}

    def __repr__(self) -> str:
        trained = "no directions" if self.directions is None else f"{len(self.directions)} layers"
        return f"MusicGenController({self.control_method!r}, {self.depth} blocks, {trained})"

    @property
    def depth(self) -> int:
        return self.model.config.decoder.num_hidden_layers

    def describe(self) -> None:
        print(self)
        print(f"tracked layers: {list(self.hidden_layers)}")

    # ---- audio ----

    def get_audio_features(self, audio_data: Mapping, target_sr: int = 32000) -> Tensor:
        """Codes int64 [1, 1, codebooks, frames] of {"audio": {"array", "sampling_rate"}}.

        array: [samples] or [channels, samples], mixed down.
        """
        sound = audio_data["audio"]
        array = np.asarray(sound["array"], np.float32)
        return self._features(array, sound["sampling_rate"], target_sr)

    def get_audio_features_from_file(self, audio_file_location: str | os.PathLike[str]) -> Tensor:
        """As `get_audio_features`, of a sound file."""
        from musicrfm.files.sound import read_sound

        array, rate = read_sound(audio_file_location)
        return self._features(np.asarray(array).T, rate, 32000)

    @torch.no_grad()
    def _features(self, array: np.ndarray, rate: int, target_sr: int) -> Tensor:
        if array.ndim > 1:
            array = array.mean(0)
        if rate != target_sr:
            array = soxr.resample(array, rate, target_sr)
        inputs = self.encodec_processor(
            raw_audio=array, sampling_rate=target_sr, return_tensors="pt"
        ).to(self.model.device)
        return self.encodec_model.encode(inputs["input_values"], inputs["padding_mask"]).audio_codes

    # ---- training ----

    def compute_directions(
        self,
        train_data: Any,
        train_labels: Any,
        val_data: Any = None,
        val_labels: Any = None,
        test_data: Any = None,
        test_labels: Any = None,
        hidden_layers: Sequence[int] | None = None,
        regression: bool = False,
        pooling: str | None = None,
        tuning_metric: str = "auc",
        hyperparam_samples: int = 100,
        **kwargs: Any,
    ) -> tuple[dict | None, dict | None, dict]:
        """Finds `directions` and detectors: (test accuracy of the probes, of the directions, both
        in per cent and by layer, None without a test part; results).

        Data: codes [pieces, 1, codebooks, frames], or hidden states by layer. Labels: [pieces] or
        [pieces, 1], or one-hot [pieces, classes].
        """
        self._use(hidden_layers)
        self.directions, self.signs, self.detector_coefs, probes, along, results = (
            self.toolkit._compute_directions(
                train_data,
                train_labels,
                val_data,
                val_labels,
                self.model.decoder,
                self.processor,
                self.hidden_layers,
                self.hyperparams,
                test_data=test_data,
                test_labels=test_labels,
                regression=regression,
                pooling=pooling,
                tuning_metric=tuning_metric,
                hyperparam_samples=hyperparam_samples,
                **kwargs,
            )
        )
        self._scores = {
            layer: about["train_results"]["score"]
            for layer, about in results["layer_metrics"].items()
        }
        return probes, along, results

    def evaluate_directions(
        self,
        train_data: Any,
        train_labels: Any,
        val_data: Any,
        val_labels: Any,
        test_data: Any,
        test_labels: Any,
        hidden_layers: Sequence[int] | None = None,
        n_components: int = 1,
        agg_positions: bool = False,
        agg_model: str = "linear",
        layer_model: str = "linear",
        unsupervised: bool = False,
        selection_metric: str = "auc",
    ) -> tuple[dict, dict, dict, dict]:
        """Evaluate the directions: (validation metrics, test metrics, detector coefficients, test
        predictions) by layer; for the test part also for all layers together ("aggregation") and
        for the layer that is best on the validation part ("best_layer").

        A detector is least squares on the first `n_components` projections of the training part.
        unsupervised: use the sign of the first projection instead.
        """
        for name, value in (("agg_model", agg_model), ("layer_model", layer_model)):
            if value != "linear":
                raise MusicRFMError(f"{name} {value!r} is not supported: only 'linear' is")
        self._use(hidden_layers)
        parts = [
            (self._states(data, agg_positions), columns(labels))
            for data, labels in (
                (train_data, train_labels),
                (val_data, val_labels),
                (test_data, test_labels),
            )
        ]
        trained = self._trained()
        missing = [layer for layer in self.hidden_layers if layer not in trained]
        if missing:
            raise MusicRFMError(
                f"layer {missing[0]} has no direction: choose from {sorted(trained)}"
            )
        vectors = {layer: trained[layer][:n_components] for layer in self.hidden_layers}
        return detectors.evaluate(vectors, parts, unsupervised, selection_metric)

    def detect(
        self,
        prompts: Any,
        rep_layer: int = -15,
        use_rep_layer: bool = False,
        use_avg_projection: bool = False,
    ) -> Tensor:
        """The presence of the concept in each piece, [pieces]: about 1 if present, 0 if not.

        prompts: codes. All layers together decide if `detector_coefs` has an "aggregation" (see
        `evaluate_directions`), otherwise the layer `rep_layer`, or the best layer without it.
        use_avg_projection: the mean of the projections, around 0.5.
        """
        states = self._states(prompts, agg_positions=True)
        vectors = self._trained()
        z = {layer: detectors.projections(states[layer], vectors[layer]) for layer in states}
        if use_avg_projection:
            return 0.5 + torch.stack([part[:, 0] for part in z.values()]).mean(0)
        known = self.detector_coefs or {}
        if detectors.ALL in known and not use_rep_layer:
            return detectors.presence(z, known, None)
        if rep_layer not in known:
            rep_layer = max(z, key=lambda layer: self._scores.get(layer, 0.0))
        if rep_layer not in known:
            raise MusicRFMError(
                f"layer {rep_layer} has no detector: call compute_directions, or set "
                "use_avg_projection, which needs none"
            )
        return detectors.presence(z, known, rep_layer)

    # ---- music ----

    def generate(
        self,
        prompts: Sequence[str],
        layers_to_control: Sequence[int] = (),
        control_coef: float = 0.4,
        inject_chance: float = 1,
        time_control_fn: TimeControl | None = None,
        layer_weights: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Audio [prompts, channels, samples], steered along `directions` at the given layers.

        control_coef: raw. inject_chance: probability that a layer is steered in a step.
        time_control_fn: f(step, coefficient) -> coefficient. layer_weights: one per layer.
        max_new_tokens (256) and all other arguments go to the model's `generate`, with a guidance
        scale of 3.
        """
        if not len(layers_to_control):
            return self._generate(prompts, None, **kwargs)
        layers, weights = at_known_layers(layers_to_control, layer_weights, self.depth)
        settings = (inject_chance, time_control_fn, weights)
        added = term(self._trained(), layers, control_coef, self.depth, *settings)
        return self._generate(prompts, one_direction(added), **kwargs)

    def multidirection_generate(
        self,
        prompts: Sequence[str],
        directions_list: Sequence[Directions],
        layers_to_control: Sequence[Sequence[int]],
        control_coefs: float | Sequence[float],
        time_control_fns: TimeControl | Sequence[TimeControl | None] | None = None,
        layer_weights: Sequence | None = None,
        inject_chances: float | Sequence[float] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """As `generate`, along several directions, with each setting given per direction."""
        added = terms(
            directions_list,
            layers_to_control,
            control_coefs,
            self.depth,
            inject_chances,
            time_control_fns,
            layer_weights,
        )
        return self._generate(prompts, several_directions(added), **kwargs)

    def _generate(self, prompts: Sequence[str], change: Change | None, **kwargs: Any) -> Tensor:
        inputs = self.processor(text=prompts, padding=True, return_tensors="pt")
        settings = {"guidance_scale": GUIDANCE, "max_new_tokens": TOKENS, **kwargs}
        with intervene(self.model, *([] if change is None else [change])):
            return self.model.generate(**inputs.to(self.model.device), **settings)

    # ---- files ----

    def save(
        self,
        concept: str,
        model_name: str,
        path: str | os.PathLike[str] = "./",
        composite: bool = False,
    ) -> None:
        """Write METHOD_CONCEPT_MODEL.safetensors, a direction file of this library, and the
        published .pkl; with detectors, also both as ..._detector."""
        name = store.file_name(self.control_method, concept, model_name, composite)
        store.save(
            Path(path) / name,
            concept,
            self.model,
            self._trained(),
            self.detector_coefs,
            self._scores,
        )

    def load(
        self,
        concept: str,
        model_name: str,
        path: str | os.PathLike[str] = "./",
        composite: bool = False,
    ) -> None:
        """Read files of `save` or of the published package. Code in a pickle is never run.

        Raises MusicRFMError if the file does not exist or belongs to another model.
        """
        name = store.file_name(self.control_method, concept, model_name, composite)
        found = store.load(Path(path) / name, self.model)
        self.directions, detectors, self._scores = found
        self.hidden_layers = list(self.directions)
        self.detector_coefs = detectors or self.detector_coefs

    # ---- internals ----

    def _use(self, hidden_layers: Sequence[int] | None) -> None:
        self.hidden_layers = known_layers(
            self.hidden_layers if hidden_layers is None else hidden_layers, self.depth
        )

    def _trained(self) -> Directions:
        if self.directions is None:
            raise MusicRFMError(
                "the controller has no directions: call compute_directions, or load some"
            )
        return self.directions

    def _states(self, data: Any, agg_positions: bool) -> Directions:
        batch = self.hyperparams["forward_batch_size"]
        return get_hidden_states_music(
            data,
            self.model.decoder,
            self.processor,
            self.hidden_layers,
            batch,
            all_positions=agg_positions,
        )
