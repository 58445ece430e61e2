"""The configurations of the published models."""

from __future__ import annotations

import logging

import pytest

from musicrfm.published.sizes import config


@pytest.mark.parametrize("name", ["musicgen-small", "musicgen-stereo-melody"])
def test_configuration_is_made_without_warnings(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("transformers")
    log.addHandler(caplog.handler)
    try:
        made = config(name, 1)
    finally:
        log.removeHandler(caplog.handler)
    assert caplog.messages == []
    assert made.decoder.pad_token_id == made.decoder.vocab_size == 2048
