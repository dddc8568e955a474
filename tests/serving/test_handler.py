"""Requests as they come, and such as nobody should send: every one is answered in one line."""

import shutil
import socket
import time

import pytest

from srcore.serving.offered_models import Offered

DONE = {"width": 9, "height": 6, "scale": 2.0, "result_width": 18, "result_height": 12}


class Copying:
    """In the place of the process that computes: the result is the picture itself."""

    def give(self, order):
        shutil.copy(order.source, order.target)
        if order.viewable is not None:
            shutil.copy(order.source, order.viewable)
        self.is_new = True

    def answer(self, seconds):
        facts = {**DONE, "seconds": 0.0, "notes": []}
        return {"state": "done", "share": 1.0, "facts": facts}

    def end(self):
        return ""


@pytest.fixture(scope="module")
def site(serve, make_client, registry, tmp_path_factory):
    """A client of a server with two runs that takes one megabyte."""
    runs = tmp_path_factory.mktemp("runs")
    for name in ("first", "second run"):
        (runs / name).mkdir()
        (runs / name / "experiment.toml").write_text(f'name = "{name}"\nscale = 2\n', "utf-8")
    with serve(Offered(registry, (), runs), process=Copying, max_upload=1, queue=1) as address:
        yield make_client(address)


def raw(site, text, wait=5.0):
    """What the server says to bytes that may be no request."""
    port = int(site.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode()


def head(site, line, *headers, token=True):
    port = site.base.rpartition(":")[2]
    given = [f"Authorization: Bearer {site.token}"] if token else []
    return "\r\n".join([line, f"Host: 127.0.0.1:{port}", *given, *headers, "", ""])


def test_a_picture_is_sent_asked_about_fetched_and_deleted(site, picture):
    status, told = site.send(picture, model="x2", name="my phöto.png", viewable="1")
    assert (status, told["name"], told["model"]) == (202, "my phöto.png", "x2")
    assert site.wait(told["id"])["result_width"] == 18
    status, headers, content = site.ask(f"/jobs/{told['id']}/result")
    assert (status, content) == (200, picture)
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"my ph_to_x2.png\"; filename*=UTF-8''my%20ph%C3%B6to_x2.png"
    )
    assert site.ask(f"/jobs/{told['id']}/viewable")[2] == picture
    assert site.ask(f"/jobs/{told['id']}", "DELETE")[0] == 200
    for path in ("", "/result", "/viewable"):
        status, _, text = site.ask(f"/jobs/{told['id']}{path}")
        assert (status, text) == (
            404,
            "srcore: no such picture: it was deleted, or nobody asked about it for long\n",
        )


def test_the_page_comes_with_a_cookie_and_asks_nothing_of_others(site):
    status, headers, text = site.ask(f"/?token={site.token}", token="")
    assert status == 200
    assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    assert "http" not in text.replace("http-equiv", "")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert site.ask("/offered", token="", Cookie=cookie)[0] == 200
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_style_and_script_are_the_pages_own_and_the_reports(site):
    style, script = site.ask("/page.css", token="")[2], site.ask("/page.js", token="")[2]
    assert ".stack" in style
    assert "function makeSlider" in script
    assert "http:" not in style + script
    assert "https:" not in style + script


def test_offers_name_models_runs_and_limits(site):
    status, _, offered = site.ask("/offered")
    assert status == 200
    assert [model["id"] for model in offered["models"][:3]] == ["real_x4", "x2", "x4"]
    assert offered["first"] == "x4"
    assert offered["runs"] == ["first", "second run"]
    assert offered["max_upload"] == 1_000_000
    assert "png" in offered["formats"]


def test_reports_are_made_when_they_are_looked_at(site):
    status, headers, text = site.ask("/report?run=first")
    assert status == 200
    assert "<h1>first" in text
    assert "'self'" not in headers["Content-Security-Policy"]
    assert "Comparison" in site.ask("/report?run=first&run=second%20run")[2]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/report", "run: expected 1 to 20 names, found 0"),
        ("/report?run=../first", 'no run "../first" is offered; GET /offered lists all'),
        ("/report?run=/etc", 'no run "/etc" is offered; GET /offered lists all'),
        ("/jobs/../../etc/passwd", "nothing is at /jobs/../../etc/passwd"),
        ("/%2e%2e/etc/passwd", "nothing is at /%2e%2e/etc/passwd"),
        ("/page.html", "nothing is at /page.html"),
        ("/jobs/x", "no such picture: it was deleted, or nobody asked about it for long"),
        ("/jobs/x/y/z", "nothing is at /jobs/x/y/z"),
        ("/favicon.ico", "nothing is at /favicon.ico"),
    ],
)
def test_what_is_not_there_is_said(site, path, message):
    assert site.ask(path)[::2] == (404, f"srcore: {message}\n")


def test_what_cannot_be_asked_for_is_said_before_the_picture_is_received(site, picture):
    status, text = site.send(picture, model="/etc/passwd")
    assert (status, text.count("\n")) == (400, 1)
    assert text.startswith('srcore: model: no model "/etc/passwd" is offered')
    many = "&".join(f"a{index}=1" for index in range(200))
    assert site.ask(f"/jobs?{many}", "POST", picture)[0] == 400


@pytest.mark.parametrize("headers", [(), ("Expect: 100-continue",)])
def test_too_large_pictures_are_refused_though_they_are_being_sent(site, headers):
    request = head(site, "POST /jobs?model=x2 HTTP/1.1", "Content-Length: 3000000", *headers)
    answer = raw(site, request.encode() + b"x" * (0 if headers else 3_000_000))
    assert " 413 " in answer.splitlines()[0]
    assert answer.endswith(
        "srcore: the picture is larger than 1 MB, which srcore serve --max-upload sets\n"
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 411),
        (("Content-Length: -1",), 400),
        (("Content-Length: 1e3",), 400),
        (("Content-Length: 5", "Content-Length: 6"), 400),
        (("Content-Length: ²",), 400),
        (("Content-Length: " + "9" * 30,), 413),
        (("Transfer-Encoding: chunked",), 411),
    ],
)
def test_lengths_that_say_nothing_are_refused(site, headers, status):
    answer = raw(site, head(site, "POST /jobs?model=x2 HTTP/1.1", *headers))
    assert f" {status} " in answer.splitlines()[0]
    assert "\r\n\r\nsrcore: " in answer


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GARBAGE", 400), ("GET", 400), ("GET / HTTP/9.9.9", 400), ("GET / HTTP/3.0", 505),
        ("PUT /jobs HTTP/1.1", 501), ("OPTIONS * HTTP/1.1", 501), ("GET http://[ HTTP/1.1", 400),
        ("GET " + "/" * 70_000 + " HTTP/1.1", 414), ("\0\xff HTTP/1.1", 400),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_in_one_line(site, line, status):
    answer = raw(site, head(site, line))
    assert f"{status} " in answer.splitlines()[0] or answer.startswith("srcore: ")
    assert answer.rstrip("\n").splitlines()[-1].startswith("srcore: ")
    assert site.ask("/offered")[0] == 200


def test_mistakes_of_the_server_are_told_as_such(site, monkeypatch, capsys):
    def mistaken(self):
        raise ValueError("a mistake")

    monkeypatch.setattr("srcore.serving.site.Site.offers", mistaken)
    status, _, text = site.ask("/offered")
    assert (status, text.startswith("srcore: ValueError: a mistake")) == (500, True)
    end = time.monotonic() + 5
    told = ""
    while "Traceback" not in told and time.monotonic() < end:  # printed after the answer
        told += capsys.readouterr().err
        time.sleep(0.01)
    assert "in mistaken" in told


@pytest.mark.parametrize("headers", [(), ("Expect: 100-continue", "Content-Length: 5")])
def test_addresses_that_cannot_be_read_are_refused_as_such(site, headers):
    answer = raw(site, head(site, "POST http://[ HTTP/1.1", *headers))
    assert " 400 " in answer.splitlines()[0]
    assert answer.endswith("srcore: the address cannot be read: Invalid IPv6 URL\n")


def test_a_picture_that_breaks_off_leaves_nothing(site, picture):
    port = int(site.base.rpartition(":")[2])
    for _ in range(3):  # more than may wait
        with socket.create_connection(("127.0.0.1", port)) as connection:
            request = head(site, "POST /jobs?model=x2 HTTP/1.1", "Content-Length: 1000")
            connection.sendall(request.encode() + b"x" * 10)
            time.sleep(0.05)
    end = time.monotonic() + 5
    while (answer := site.send(picture, model="x2"))[0] == 503 and time.monotonic() < end:
        time.sleep(0.05)
    assert answer[0] == 202
    assert site.wait(answer[1]["id"])["state"] == "done"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"token": "wrong"}, 401),
        ({"token": ""}, 401),
    ],
)
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "GET"),
        ("/offered", "GET"),
        ("/jobs?model=x2", "POST"),
        ("/jobs/x", "GET"),
        ("/jobs/x/result", "GET"),
        ("/jobs/x", "DELETE"),
        ("/report?run=first", "GET"),
    ],
)
def test_nothing_is_told_to_others(site, picture, path, method, headers, status):
    body = picture if method == "POST" else None
    code, answered, text = site.ask(path, method, body, **headers)
    assert code == status
    assert text.count("\n") == 1
    assert site.token not in text
    assert "Access-Control-Allow-Origin" not in answered
    assert "Set-Cookie" not in answered


def test_the_token_in_an_address_opens_the_page_only(site):
    assert site.ask(f"/offered?token={site.token}", token="")[0] == 401
