"""Group (j): what a hub of files does not do. Each is proven by its 501, or by asking elsewhere."""

import inspect
import os
from typing import Any

from .frame import At, drive, elsewhere, refused, unsupported

JOB = "687f911eaea852de79c4a50a"
SPACES = [
    "add_space_secret",
    "add_space_variable",
    "delete_space_secret",
    "delete_space_storage",
    "delete_space_variable",
    "delete_space_volumes",
    "disable_space_dev_mode",
    "enable_space_dev_mode",
    "fetch_space_logs",
    "get_space_runtime",
    "get_space_secrets",
    "get_space_variables",
    "get_zero_gpu_quota",
    "list_space_templates",
    "list_spaces_hardware",
    "pause_space",
    "request_space_hardware",
    "request_space_storage",
    "restart_space",
    "set_space_sleep_time",
    "set_space_volumes",
    "wait_for_space",
    "kernel_info",
]
JOBS = [
    "cancel_job",
    "create_scheduled_job",
    "create_scheduled_uv_job",
    "delete_scheduled_job",
    "fetch_job_logs",
    "fetch_job_metrics",
    "inspect_job",
    "inspect_scheduled_job",
    "list_jobs",
    "list_jobs_hardware",
    "list_scheduled_jobs",
    "rerun_job",
    "resume_scheduled_job",
    "run_job",
    "run_uv_job",
    "suspend_scheduled_job",
    "trigger_scheduled_job",
    "update_job_expose",
    "update_job_labels",
    "update_scheduled_job_labels",
    "update_scheduled_job_schedule",
    "wait_for_job",
]
ENDPOINTS = [
    "create_inference_endpoint",
    "create_inference_endpoint_from_catalog",
    "delete_inference_endpoint",
    "get_inference_endpoint",
    "list_inference_catalog",
    "list_inference_endpoints",
    "list_inference_endpoints_hardware",
    "pause_inference_endpoint",
    "resume_inference_endpoint",
    "scale_to_zero_inference_endpoint",
    "update_inference_endpoint",
]
GIVEN: "dict[str, Any]" = {
    "accelerator": "cpu",
    "command": ["true"],
    "flavor": "cpu-basic",
    "framework": "pytorch",
    "from_id": "ada/a",
    "hardware": "cpu-upgrade",
    "image": "python:3.12",
    "instance_size": "x1",
    "instance_type": "c6i",
    "job_id": JOB,
    "key": "KEY",
    "labels": {"a": "b"},
    "mount_path": "/data",
    "name": "my-endpoint",
    "region": "us-east-1",
    "repo_id": "ada/tiny",
    "repository": "ada/tiny",
    "schedule": "@hourly",
    "scheduled_job_id": JOB,
    "script": "print(1)",
    "sleep_time": 3600,
    "storage": "small",
    "value": "secret",
    "vendor": "aws",
    "volumes": [],
    "expose": [80],
}


def calls(at: At, names: "list[str]") -> "list[Any]":
    """These methods, each with something for all it needs; those this client has."""
    return [_call(getattr(at.api, name)) for name in names if hasattr(at.api, name)]


def _call(method: Any) -> Any:
    parameters = inspect.signature(method).parameters.values()
    named = {
        each.name: GIVEN[each.name]
        for each in parameters
        if each.default is inspect.Parameter.empty or (each.name, each.default) == ("expose", None)
    }
    if method.__name__ == "create_inference_endpoint_from_catalog":
        named = {"repo_id": "ada/tiny"}
    if method.__name__.endswith("uv_job"):
        named["script"] = "https://example.org/script.py"

    def call() -> Any:
        return method(**named)

    return call


@drive(*(f"HfApi.{name}" for name in SPACES))
def spaces_that_run(at: At) -> None:
    unsupported(*calls(at, SPACES))


@drive(*(f"HfApi.{name}" for name in JOBS))
def jobs(at: At) -> None:
    unsupported(*calls(at, JOBS))


@drive(*(f"HfApi.{name}" for name in ENDPOINTS))
def inference_endpoints(at: At) -> None:
    elsewhere(*calls(at, ENDPOINTS))


@drive("HfApi.update_collection_resource_group")
def resource_groups(at: At) -> None:
    if hasattr(at.api, "update_collection_resource_group"):
        title, crew = f"Group {at.name()[4:]}", os.environ["ORGANISATION"]
        slug = at.api.create_collection(title, namespace=crew).slug
        at.api.update_collection_resource_group(slug, None)
        with refused(404, "ResourceGroupNotFound", says="no such resource group"):
            at.api.update_collection_resource_group(slug, "6" * 24)


@drive("HfApi.list_dataset_parquet_files")
def dataset_viewer(at: At) -> None:
    if "token" in inspect.signature(at.api.list_dataset_parquet_files).parameters:
        with refused(ValueError, says="not supported on third-party endpoints"):
            at.api.list_dataset_parquet_files("ada/tiny")
