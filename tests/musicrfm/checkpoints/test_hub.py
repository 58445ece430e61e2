"""Models from a hub that runs on loopback, and the messages for its refusals."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file

from musicrfm.checkpoints import hub
from musicrfm.checkpoints.finding import find
from musicrfm.checkpoints.hub import Address, address
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from tests.audiocraft_files import write_audiocraft

COMMIT = "a" * 40
HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("facebook/musicgen-small", "facebook/musicgen-small", None),
        (f"{HUB}/facebook/musicgen-small", "facebook/musicgen-small", None),
        (f"{HUB}/facebook/musicgen-small/", "facebook/musicgen-small", None),
        (f"{HUB}/a/b/tree/main", "a/b", "main"),
        (f"{HUB}/a/b/blob/v1.0/state_dict.bin", "a/b", "v1.0"),
        (f"{HUB}/a/b/tree/refs%2Fpr%2F1", "a/b", "refs/pr/1"),
        (f"{HUB}/a/b?library=transformers", "a/b", None),
        (f"{HUB}/a/b/discussions/3", "a/b", None),
        ("huggingface.co/a/b", "a/b", None),
        ("hf.co/a/b", "a/b", None),
        ("http://www.huggingface.co/a/b", "a/b", None),
    ],
)
def test_hub_ids_and_urls_are_parsed(text, repo, revision):
    assert address(text) == Address(repo, revision)


@pytest.mark.parametrize(
    "text", ["", "a", "a/b/c", "./a", "~/a", "/a/b", "a\\b/c", f"{HUB}/a", "https://x.org/a/b"]
)
def test_other_texts_are_no_hub_address(text):
    assert address(text) is None


class Hub:
    """Serves one repository, someone/tune, from a folder and lists the requested files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.status, self.code, self.asked = folder, 200, "", []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None: ...

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler, body: bool) -> None:
        path = request.path.split("?")[0]
        data, headers, status = b"{}", {}, 404
        if path.startswith("/api/models/someone/tune"):
            data, status = self.about("/tree/" in path), 200
        elif "/resolve/" in path and (file := self.folder / path.rsplit("/", 1)[1]).is_file():
            data, status = file.read_bytes(), 200
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(data).hexdigest()}"'}
            self.asked += [file.name] if body else []
        if self.status != 200:
            status, headers = self.status, {"X-Error-Code": self.code}
        request.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(data))}).items():
            request.send_header(key, value)
        request.end_headers()
        if body:
            request.wfile.write(data)

    def about(self, tree: bool) -> bytes:
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        if tree:
            rows = [
                {"type": "file", "path": f.name, "oid": COMMIT, "size": f.stat().st_size}
                for f in files
            ]
            return json.dumps(rows).encode()
        siblings = [{"rfilename": f.name} for f in files]
        return json.dumps({"id": "someone/tune", "sha": COMMIT, "siblings": siblings}).encode()


@pytest.fixture
def online(tmp_path, monkeypatch) -> Iterator[Hub]:
    (tmp_path / "repository").mkdir()
    served = Hub(tmp_path / "repository")
    url = f"http://127.0.0.1:{served.server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    cache = str(tmp_path / "cache")
    real, api = hub.snapshot_download, hub.huggingface_hub.HfApi
    monkeypatch.setattr(
        hub,
        "snapshot_download",
        lambda repo, **options: real(repo, endpoint=url, cache_dir=cache, **options),
    )
    monkeypatch.setattr(hub.huggingface_hub, "HfApi", lambda: api(endpoint=url))
    yield served
    served.server.shutdown()


def test_repository_with_bin_weights_loads_and_is_cached(online, checkpoint, model):
    for file in checkpoint.iterdir():
        if file.name != "model.safetensors":
            (online.folder / file.name).write_bytes(file.read_bytes())
    torch.save(load_file(checkpoint / "model.safetensors"), online.folder / "pytorch_model.bin")
    (online.folder / "flax_model.msgpack").write_bytes(b"x")
    (online.folder / "demo.wav").write_bytes(b"x")
    loaded = MusicModel.load("someone/tune", device="cpu")
    assert loaded.name == "tune"
    assert torch.equal(loaded.decoder_weights.heads, model.decoder_weights.heads)
    assert "pytorch_model.bin" in online.asked
    assert not {"flax_model.msgpack", "demo.wav"} & set(online.asked)
    online.status, online.asked = 503, []
    MusicModel.load("someone/tune", device="cpu")  # no network is needed again
    assert online.asked == []


def test_audiocraft_repository_is_found_and_completed(online, checkpoint, tmp_path):
    mine = write_audiocraft(checkpoint, tmp_path / "mine")
    for name in ("state_dict.bin", "compression_state_dict.bin"):
        (online.folder / name).write_bytes((mine / name).read_bytes())
    found = find(f"{HUB}/someone/tune")
    assert (found.layout, found.name) == ("audiocraft", "tune")
    assert sorted(online.asked) == ["compression_state_dict.bin", "state_dict.bin"]
    (found.folder / "compression_state_dict.bin").unlink()  # as after an interrupted download
    find("someone/tune")
    assert (found.folder / "compression_state_dict.bin").is_file()


def test_repository_without_a_model_is_refused(online):
    (online.folder / "README.md").write_text("soon")
    with pytest.raises(MusicRFMError, match="'someone/tune' is not a model"):
        find("someone/tune")


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "RepoNotFound", "the model does not exist or is private: .*hf auth login"),
        (404, "RepoNotFound", "the model does not exist or is private"),
        (404, "RevisionNotFound", "this revision does not exist"),
        (403, "GatedRepo", "access is gated: accept the terms on .*/someone/tune, then log in"),
        (403, "", "status 403.*hf auth login"),
        (500, "", "status 500: try again later"),
    ],
)
def test_refusal_of_the_hub_is_explained(status, code, says, online):
    online.status, online.code = status, code
    with pytest.raises(MusicRFMError, match=says) as caught:
        find("someone/tune")
    message = str(caught.value)
    assert (
        "'someone/tune' is not a local folder, and the Hugging Face hub did not deliver it"
        in message
        and "\n" not in message
    )


def test_gated_files_of_a_visible_repository_are_explained(online, checkpoint):
    """Like the real hub: the file list is public, the files are gated."""
    (online.folder / "config.json").write_bytes((checkpoint / "config.json").read_bytes())
    (online.folder / "model.safetensors").write_bytes(b"x")
    plain = online.answer

    def gated(request: BaseHTTPRequestHandler, body: bool) -> None:
        at_files = "/resolve/" in request.path
        online.status, online.code = (403, "GatedRepo") if at_files else (200, "")
        plain(request, body)

    online.answer = gated
    with pytest.raises(MusicRFMError, match="access is gated: accept the terms"):
        find("someone/tune")


def test_incomplete_download_is_reported(online, monkeypatch):
    for name in ("config.json", "model-00001-of-00002.safetensors"):
        (online.folder / name).write_bytes(b"{}")
    (online.folder / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-00001-of-00002.safetensors",'
        ' "b": "model-00002-of-00002.safetensors"}}'
    )
    with pytest.raises(MusicRFMError, match="model-00002-of-00002.safetensors is missing"):
        find("someone/tune")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MusicRFMError) as caught:
        find("someone/tune")
    message = str(caught.value)
    assert "model-00002-of-00002.safetensors is missing" in message
    assert "and the download failed: HF_HUB_OFFLINE forbids network access" in message


def test_full_disk_is_reported(online, monkeypatch):
    def full(*args: object, **options: object) -> str:
        if options.get("local_files_only"):
            raise FileNotFoundError
        raise OSError(28, "No space left on device")

    (online.folder / "config.json").write_text("{}")
    monkeypatch.setattr(hub, "snapshot_download", full)
    with pytest.raises(MusicRFMError, match="the disk of"):
        find("someone/tune")
