"""Which attributes of which resources name images: the part of the providers that matters here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_POD = ("container", "init_container", "ephemeral_container")


@dataclass(frozen=True, slots=True)
class Spot:
    """An attribute that names an image, in blocks of these types at any depth ("" is the top)."""

    attribute: str
    blocks: tuple[str, ...] = ("",)
    kind: str = "container"


@dataclass(frozen=True, slots=True)
class Schema:
    """What to look at in a resource.

    `spots` are attributes with an image's name, `definitions` attributes with containers as JSON,
    `manifests` attributes with a Kubernetes object.
    """

    spots: tuple[Spot, ...] = ()
    definitions: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()


def _images(attribute: str, *blocks: str, kind: str = "container") -> Schema:
    return Schema((Spot(attribute, blocks or ("",), kind),))


_SCHEMAS: tuple[tuple[str, Schema], ...] = (
    ("docker_image", _images("name", kind="image")),
    ("docker_container", _images("image")),
    ("docker_service", _images("image", "container_spec", kind="service")),
    ("kubernetes_manifest", Schema(manifests=("manifest",))),
    ("kubernetes_.*", _images("image", *_POD)),
    ("kubectl_manifest", Schema(manifests=("yaml_body",))),
    ("google_cloud_run_.*", _images("image", "containers")),
    ("google_cloudbuild_trigger", _images("name", "step", kind="step image")),
    ("google_compute_instance.*", Schema(manifests=("metadata",))),
    ("aws_ecs_task_definition", Schema(definitions=("container_definitions",))),
    (
        "aws_batch_job_definition",
        Schema(definitions=("container_properties", "node_properties", "ecs_properties")),
    ),
    ("aws_lambda_function", _images("image_uri", kind="function")),
    ("aws_apprunner_service", _images("image_identifier", "image_repository", kind="service")),
    ("aws_codebuild_project", _images("image", "environment", kind="job image")),
    ("aws_sagemaker_model", _images("image", "primary_container", "container")),
    ("aws_lightsail_container_service_deployment_version", _images("image", "container")),
    ("azurerm_container_(?:group|app|app_job)", _images("image", *_POD)),
    ("scaleway_container", _images("registry_image")),
    ("yandex_serverless_container", _images("url", "image")),
    ("alicloud_eci_container_group", _images("image", "containers", "init_containers")),
    ("oci_container_instances_container_instance", _images("image_url", "containers")),
    ("ibm_code_engine_(?:app|job)", _images("image_reference")),
    ("fly_machine", _images("image")),
    ("kind_cluster", _images("node_image", kind="node image")),
    ("k3d_cluster", _images("image", kind="node image")),
    ("nomad_job", Schema()),
)

_TABLE = tuple((re.compile(pattern), schema) for pattern, schema in _SCHEMAS)


def schema_of(resource: str) -> Schema | None:
    """What to look at in resources of a type; None for types that name no images."""
    return next((schema for pattern, schema in _TABLE if pattern.fullmatch(resource)), None)
