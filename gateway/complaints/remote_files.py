"""A file that stands beside words at a system of record. Source: docs/forwarders/sp4n.md § Files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """`address` is what its forwarder fetches it by; empty where only a name is told."""

    address: str
    name: str = ""
    media_type: str = ""
