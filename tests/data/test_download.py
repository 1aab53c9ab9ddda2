import gzip
import hashlib
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pooch
import pytest

from ganatomy.data.download import Remote, fetch, locate, places, unpack, verify
from ganatomy.errors import InputError

CONTENT = b"four score and seven" * 50
SERVED = gzip.compress(CONTENT, mtime=0)


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with an empty cache, no proxy and no GANATOMY_DATA."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANATOMY_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.fixture
def server():
    """Serves SERVED on this machine, and counts the requests."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/data.gz" else 404)
            self.end_headers()
            self.wfile.write(SERVED)

        def log_message(self, format, *arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()
        thread.join()


def remote(url="http://127.0.0.1:9", name="data.gz", served=SERVED):
    return Remote(f"{url}/{name}", name, served_md5=md5(served), content_md5=md5(CONTENT))


def test_a_file_is_downloaded_once_and_found_from_then_on(machine, server):
    url, asked = server
    path = fetch(remote(url), "mine", None)
    assert path == machine / "cache" / "ganatomy" / "mine" / "data.gz"
    assert unpack(path) == CONTENT
    assert fetch(remote(url), "mine", None) == path
    assert asked == ["/data.gz"]


@pytest.mark.parametrize("given", ["argument", "variable"])
def test_a_download_goes_where_data_are_wanted(machine, server, monkeypatch, given):
    monkeypatch.setenv("GANATOMY_DATA", str(machine / "variable"))
    data_dir = machine / "argument" if given == "argument" else None
    (machine / given).mkdir()
    if given == "argument":
        (machine / "variable").mkdir()
    assert fetch(remote(server[0]), "mine", data_dir) == machine / given / "mine" / "data.gz"


@pytest.mark.parametrize(("name", "served"), [("data.gz", b"other"), ("absent.gz", SERVED)])
def test_a_wrong_or_missing_download_leaves_nothing_behind(machine, server, name, served):
    with pytest.raises(InputError, match=f"^mine: {name} is not on this machine .* failed: .*\nput the file"):
        fetch(remote(server[0], name, served), "mine", machine)
    assert not list(machine.iterdir())


def test_without_a_network_the_error_says_where_to_put_the_file(machine):
    with pytest.raises(
        InputError,
        match=r"failed: no connection, .*\nput the file from http://127.0.0.1:9/data.gz into .*mine, or where",
    ) as caught:
        fetch(remote(), "mine", machine)
    assert len(caught.value.said) < 100
    assert not list(machine.iterdir())


@pytest.mark.parametrize(
    ("name", "served", "cause"),
    [
        ("data.gz", b"other", "what arrived has a wrong checksum"),
        ("absent.gz", SERVED, "the server answered 404 Not Found"),
    ],
)
def test_the_cause_of_a_failed_download_is_a_few_words(machine, server, name, served, cause):
    with pytest.raises(InputError) as caught:
        fetch(remote(server[0], name, served), "mine", machine)
    assert caught.value.said.endswith(f"its download failed: {cause}")


def test_a_download_adds_no_log_lines_and_gives_the_logger_back(machine, server, caplog, monkeypatch):
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(logger, "level", logging.INFO)
    fetch(remote(server[0]), "mine", None)
    assert caplog.records == []
    assert logger.level == logging.INFO


@pytest.mark.parametrize("given", ["argument", "variable"])
def test_a_place_that_was_named_and_is_not_there_is_refused(machine, server, monkeypatch, given):
    if given == "variable":
        monkeypatch.setenv("GANATOMY_DATA", str(machine / "typo"))
    with pytest.raises(InputError, match=r"there is no folder .*typo\ncreate it, or let --data-dir"):
        fetch(remote(server[0]), "mine", machine / "typo" if given == "argument" else None)
    assert not list(machine.iterdir())


def test_a_place_that_may_not_be_looked_into_is_an_error(machine):
    (machine / "here").mkdir()
    for names, place in ((("data",), machine / ("x" * 300)), (("x" * 300,), machine / "here")):
        with pytest.raises(InputError, match="cannot be opened: File name too long\nlet --data-dir"):
            locate(names, "mine", place)


@pytest.mark.parametrize("place", ["mine/data.gz", "data.gz", "mine/data", "data"])
def test_files_are_found_in_either_folder_compressed_or_not(machine, place):
    path = machine / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(SERVED if place.endswith("gz") else CONTENT)
    found = fetch(remote(), "mine", machine)
    assert found == path
    assert unpack(found) == CONTENT


def test_places_are_looked_through_in_order(machine, monkeypatch):
    monkeypatch.setenv("GANATOMY_DATA", str(machine / "variable"))
    assert list(places(machine / "argument")) == [
        machine / "argument",
        machine / "variable",
        machine / "cache" / "ganatomy",
    ]
    folders = ("cache/ganatomy/mine", "variable", "argument", "argument/mine")
    for folder in folders:
        (machine / folder).mkdir(parents=True, exist_ok=True)
    for folder in folders:
        (machine / folder / "data").write_bytes(b"x")
        assert locate(("data",), "mine", machine / "argument") == machine / folder / "data"
    assert locate(("other",), "mine", machine / "argument") is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (SERVED[:-9], "cannot be read: Compressed file ended"),
        (SERVED[:10] + b"\7" + SERVED[11:], "cannot be read: .* invalid block type"),
        (SERVED[:-8] + b"\0" * 8, "cannot be read: CRC check failed"),
    ],
)
def test_a_damaged_file_is_an_error_in_one_line(tmp_path, data, message):
    path = tmp_path / "data.gz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"data.gz {message}") as caught:
        unpack(path)
    assert "\n" not in caught.value.said
    assert caught.value.remedy == "delete the file and fetch it again"


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read: .*directory"):
        unpack(tmp_path)


def test_a_wrong_checksum_names_both(tmp_path):
    with pytest.raises(InputError, match=f"wrong checksum: md5 {md5(b'x')} unpacked, wanted was {md5(CONTENT)}"):
        verify(b"x", remote(), tmp_path / "data.gz")
    verify(CONTENT, remote(), tmp_path / "data.gz")
    verify(b"x", Remote("", "data.gz", served_md5=""), tmp_path / "data.gz")
