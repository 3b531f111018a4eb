"""What a Temporal server must know before a rollout starts: namespaces and search attributes.

Retention matters: with Temporal's default of a day a closed procedure, and every finished run of
an open one, would be gone the day after. Doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, kw_only=True)
class Provision:
    """Namespaces with their retention in days, and the workflows' search attributes.

    Attributes:
        namespaces: name to retention in days.
        search_attributes: name to type name: Keyword, KeywordList, Datetime, Int, Bool, ….
        indexed: the namespaces that get the search attributes; others hold no workflows.
    """

    namespaces: Mapping[str, int]
    search_attributes: Mapping[str, str] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()


async def provision(client: Client, wanted: Provision) -> None:
    """This will create what is missing and set the retention where it differs.

    ``client`` may be connected to any namespace. A search attribute that exists with another
    type is left as it is: the server refuses to change it, and a rollout depends on it.
    """
    for name, days in wanted.namespaces.items():
        await _namespace(client, name, timedelta(days=days))
    for name in wanted.indexed:
        await _search_attributes(client, name, wanted.search_attributes)


async def _namespace(client: Client, name: str, retention: timedelta) -> None:
    from google.protobuf.duration_pb2 import Duration
    from temporalio.api.namespace.v1 import NamespaceConfig
    from temporalio.api.workflowservice.v1 import (
        DescribeNamespaceRequest,
        RegisterNamespaceRequest,
        UpdateNamespaceRequest,
    )
    from temporalio.service import RPCError, RPCStatusCode

    span = Duration(seconds=int(retention.total_seconds()))
    service = client.workflow_service
    try:
        known = await service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        await _register(
            client,
            RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=span),
        )
        return
    if known.config.workflow_execution_retention_ttl != span:
        await service.update_namespace(
            UpdateNamespaceRequest(
                namespace=name, config=NamespaceConfig(workflow_execution_retention_ttl=span)
            )
        )


async def _register(client: Client, request: object) -> None:
    from temporalio.service import RPCError, RPCStatusCode

    try:
        await client.workflow_service.register_namespace(request)  # type: ignore[arg-type]
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _search_attributes(client: Client, namespace: str, wanted: Mapping[str, str]) -> None:
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import (
        AddSearchAttributesRequest,
        ListSearchAttributesRequest,
    )

    service = client.operator_service
    known = await service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    missing = {
        name: IndexedValueType.Value(_type_name(kind))
        for name, kind in wanted.items()
        if name not in known.custom_attributes
    }
    if missing:
        await service.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        )


def _type_name(kind: str) -> str:
    """The protocol's name of a type.

    >>> _type_name("KeywordList")
    'INDEXED_VALUE_TYPE_KEYWORD_LIST'
    """
    snake = "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(kind))
    return f"INDEXED_VALUE_TYPE_{snake.upper()}"
