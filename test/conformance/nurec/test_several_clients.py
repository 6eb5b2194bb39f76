"""Fair turns, metrics, encryption, sockets, and what the client repeats."""

import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import DeadlineError, InputError
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.nurec.client.calls import PendingCall
from carla_nurec_bridge.nurec.client.client import Deadlines, NurecClient
from carla_nurec_bridge.nurec.client.requests import CameraRequest
from carla_nurec_bridge.nurec.client.security import TlsFiles, client_credentials
from carla_nurec_bridge.servers.nurec.drawing.render_thread import RenderThread
from carla_nurec_bridge.servers.nurec.drawing.views import RequestViews


@pytest.fixture
def picture(rig, world):
    def make(size=(64, 36)):
        front = rig.cameras[0]
        mount = front.rig_from_camera
        return CameraRequest(
            "front",
            front.logical_id,
            front.model,
            front.shutter,
            mount,
            mount,
            world.start_us,
            world.start_us + 1,
            size=size,
        )

    return make


def test_owners_take_turns():
    thread = RenderThread()
    gate, order = threading.Event(), []
    thread.submit(gate.wait, "first")
    jobs = [thread.submit(lambda n=n: order.append(f"a{n}"), "a") for n in range(4)]
    jobs += [thread.submit(lambda n=n: order.append(f"b{n}"), "b") for n in range(2)]
    gate.set()
    for job in jobs:
        job.result(5.0)
    thread.close()
    assert order == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_a_small_request_overtakes_another_clients_batch(server, scene, picture):
    target = f"127.0.0.1:{server.port}"
    big = [picture((960, 540)) for _ in range(12)]
    done = []
    with NurecClient(target) as busy, NurecClient(target) as quick:
        assert busy.render(scene.scene_id, big[:2]).errors == ()
        assert quick.render(scene.scene_id, [picture()]).errors == ()

        def ask(client, name, requests):
            assert client.render(scene.scene_id, requests).errors == ()
            done.append(name)

        waiting, gate = server._thread._waiting, threading.Event()
        server._thread.submit(gate.wait, "gate")
        threads = []
        for count, work in enumerate(((busy, "batch", big), (quick, "one", [picture()])), 1):
            threads.append(threading.Thread(target=ask, args=work))
            threads[-1].start()
            while len(waiting) < count or len(waiting.get("gate", ())) > 0:
                time.sleep(0.005)
        gate.set()
        for thread in threads:
            thread.join()
    assert done == ["one", "batch"]


def test_metrics_are_written(serve, scene, picture, tmp_path):
    with (
        serve(metrics_dir=tmp_path) as running,
        NurecClient(f"127.0.0.1:{running.port}") as client,
    ):
        assert client.render(scene.scene_id, [picture()]).errors == ()
        assert client.render("nowhere", [picture()]).errors != ()
    text = (tmp_path / "nurec_server.prom").read_text()
    for line in (
        'nurec_calls_total{code="OK",method="render_rgb"} 1.0',
        'nurec_calls_total{code="NOT_FOUND",method="render_rgb"} 1.0',
        'nurec_stage_seconds_count{stage="draw_image"} 1.0',
        "nurec_scenes_loaded",
    ):
        assert line in text, text


def test_a_unix_socket_serves_and_is_removed(serve, scene, picture, tmp_path):
    path = tmp_path / "nurec.sock"
    with serve(unix_socket=path), NurecClient(f"unix:{path}") as client:
        assert client.render(scene.scene_id, [picture()]).errors == ()
        with pytest.raises(InputError, match="is in use"):
            serve(unix_socket=path)
    assert not path.exists()
    path.write_text("precious")
    with pytest.raises(InputError, match="is in use"):
        serve(unix_socket=path)
    assert path.read_text() == "precious"


def test_health_has_a_port_of_its_own(serve):
    port = free_port()
    with serve(health_port=port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert reply.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(InputError, match="cannot listen"):
            serve(health_port=port)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Make an authority, and certificates for the server and a client signed by it."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=test",
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-out",
            f"{name}.pem",
            "-days",
            "2",
            "-extfile",
            "names",
        )
    return folder


def test_mutual_tls(serve, scene, picture, certificates):
    ca = certificates / "ca.pem"

    def files(name):
        return TlsFiles(ca, certificates / f"{name}.pem", certificates / f"{name}.key")

    with serve(tls=files("server")) as running:
        target = f"localhost:{running.port}"
        with NurecClient(target, tls=files("client")) as client:
            assert client.render(scene.scene_id, [picture()]).errors == ()
        quick = Deadlines(connect_s=0.4)
        for wrong in (TlsFiles(ca), TlsFiles(), None):
            with pytest.raises(DeadlineError, match="no NuRec server answered"):
                NurecClient(target, quick, tls=wrong)


def test_tls_files_that_are_none(tmp_path, certificates):
    """gRPC would take them, and then wait for a server that it never asks."""
    good = certificates / "client.pem"
    broken, words = tmp_path / "broken.pem", tmp_path / "words"
    lines = good.read_text().splitlines()
    broken.write_text("\n".join([lines[0], lines[1][::-1], *lines[2:]]))
    words.write_text("certificate")
    long = tmp_path / "long.pem"
    long.write_bytes(good.read_bytes() + b"\n" * (4 << 20))
    key = certificates / "client.key"
    for files, fault in (
        (TlsFiles(long), "long.pem has more than 4194304 bytes"),
        (TlsFiles(words), "words has no line '-----BEGIN ...CERTIFICATE-----'"),
        (TlsFiles(broken), "broken.pem has a broken certificate"),
        (TlsFiles(None, broken, key), "broken.pem has a broken certificate"),
        (TlsFiles(None, good, good), "client.pem has no line '-----BEGIN ...PRIVATE KEY-----'"),
    ):
        with pytest.raises(InputError, match=re.escape(fault)):
            NurecClient("localhost:1", tls=files)


def test_a_list_of_authorities_may_name_them_in_any_alphabet(tmp_path, certificates):
    listed = tmp_path / "authorities.pem"
    names = "# NetLock Arany (Főtanúsítvány)\n".encode()
    listed.write_bytes(names + (certificates / "client.pem").read_bytes())
    client_credentials(TlsFiles(listed))


def test_tls_files_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot read the TLS file .*none\.pem"):
        NurecClient("localhost:1", tls=TlsFiles(tmp_path / "none.pem"))
    with pytest.raises(InputError, match="come together"):
        TlsFiles(certificate=tmp_path / "c.pem")


@pytest.fixture
def flaky():
    """Return a maker of calls to a method that fails in the given ways before it succeeds."""
    servers = []

    def make(*failures, name="get_version", limit_s=60.0):
        left = list(failures)
        seen = []

        def answer(request, context):
            seen.append(request)
            if left:
                context.abort(*left.pop(0))
            return b"fine"

        server = grpc.server(ThreadPoolExecutor(2))
        method = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test", {"method": method}),)
        )
        channel = grpc.insecure_channel(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        server.start()
        servers.append((server, channel))
        return PendingCall(channel.unary_unary("/test/method"), name, b"x", limit_s), seen

    yield make
    for server, channel in servers:
        channel.close()
        server.stop(None)


GONE = (grpc.StatusCode.UNAVAILABLE, "restarting")


@pytest.mark.parametrize(
    "failure", [GONE, (grpc.StatusCode.UNKNOWN, "x: Stopped waiting for backend (3)")]
)
def test_passing_failures_are_tried_again(flaky, failure):
    call, seen = flaky(failure)
    assert call.result() == b"fine"
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("failure", "name", "wait_s"),
    [
        ((grpc.StatusCode.RESOURCE_EXHAUSTED, "GPU full"), "render_rgb", 0.5),
        ((grpc.StatusCode.UNKNOWN, "assertion failed"), "render_rgb", 0.5),
        (GONE, "edit_assets", 0.5),
        (GONE, "render_rgb", 99.0),
    ],
    ids=["full", "broken", "only once", "no time left"],
)
def test_others_are_not(flaky, failure, name, wait_s, monkeypatch):
    monkeypatch.setattr("carla_nurec_bridge.nurec.client.calls._BACKOFF_S", (wait_s, wait_s))
    call, seen = flaky(failure, name=name)
    with pytest.raises(grpc.RpcError) as error:
        call.result()
    assert error.value.code() is failure[0]
    assert len(seen) == 1


def test_rays_of_many_cameras_do_not_fill_the_memory():
    """Ever new cameras: the ones asked for last are kept, up to the bound."""
    views = RequestViews(limit_bytes=100_000)
    models = [OpenCVPinholeCamera.from_fov(40, 20 + k, 90.0) for k in range(30)]
    made = [views.of(model, Shutter.GLOBAL) for model in models]
    kept = [
        views.of(model, Shutter.GLOBAL) is view for model, view in zip(models, made, strict=True)
    ]
    sizes = [view.rays.nbytes for view in made]
    assert not any(kept[:20])
    assert views.of(models[-1], Shutter.GLOBAL) is views.of(models[-1], Shutter.GLOBAL)
    held = sum(size for size, still in zip(sizes, kept, strict=True) if still)
    assert held <= 100_000 < sum(sizes)
