"""SeaweedFS as the stack runs it: S3 with a login for others, the rest for itself."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from airwatch_dagster_tests.s3_servers import SeaweedServer

pytestmark = pytest.mark.slow

LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, ::1 and 127.0.0.1 as IPv6, as Linux writes them."""

LISTENING = "0A"


def listening(process_id: int) -> dict[int, bool]:
    """Port → whether other machines reach it."""
    proc = Path("/proc") / str(process_id)
    sockets = {link.readlink().name for link in (proc / "fd").iterdir() if link.readlink().name.startswith("socket:")}
    found: dict[int, bool] = {}
    for table in ("tcp", "tcp6"):
        for line in (proc / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in sockets:
                address, _, port = fields[1].partition(":")
                found[int(port, 16)] = address not in LOOPBACK
    return found


def test_others_reach_s3_and_its_own_control_alone(seaweed_server: SeaweedServer) -> None:
    ports = listening(seaweed_server.process_id)
    s3 = int(seaweed_server.endpoint.rpartition(":")[2])

    assert len(ports) == 8, "master, volume, filer and S3, each with its control; no WebDAV, catalogue or admin"
    assert ports[s3]
    assert sum(ports.values()) == 2


def test_a_wrong_secret_is_refused(seaweed_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    stranger = boto3.client(
        "s3",
        endpoint_url=seaweed_server.endpoint,
        aws_access_key_id="tester",
        aws_secret_access_key="wrong",
        region_name="us-east-1",
    )

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket=seaweed_server.bucket)


def test_a_conditional_write_is_kept(seaweed_server: SeaweedServer) -> None:
    client, place = seaweed_server.client(), {"Bucket": seaweed_server.bucket, "Key": "conditional"}
    first = client.put_object(**place, Body=b"1", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(**place, Body=b"2", IfNoneMatch="*")
    client.put_object(**place, Body=b"2", IfMatch=first["ETag"])
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(**place, Body=b"3", IfMatch=first["ETag"])
    assert client.get_object(**place)["Body"].read() == b"2"
