"""Limits written out for those who enforce them: Slurm, Kubernetes, anything else. Pure.

The hub is no scheduler. It says who may use how much; these are lines for the systems that know.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from iriai.base.errors import Invalid

Limits = Mapping[str, Mapping[str, int]]
"""How much of each unit, by member and by unit."""

SLURM = {"gpu_hours": ("gres/gpu", 60), "cpu_hours": ("cpu", 60), "node_hours": ("node", 60)}
KUBERNETES = {
    "bytes_stored": "requests.storage",
    "gpus": "requests.nvidia.com/gpu",
    "cpus": "requests.cpu",
    "bytes_memory": "requests.memory",
}
FORMATS = ("json", "slurm", "kubernetes")


def written(form: str, commons: str, limits: Limits) -> str:
    """The limits in one of `FORMATS`, as text that ends with a line."""
    if form == "json":
        return json.dumps({"commons": commons, "limits": limits}, indent=2, sort_keys=True) + "\n"
    if form == "slurm":
        return _slurm(commons, limits)
    if form == "kubernetes":
        return _kubernetes(commons, limits)
    raise Invalid(f"Limits are written as {', '.join(FORMATS)}.")


def known(form: str, units: Iterable[str]) -> set[str]:
    """Which of these units can be written in one of `FORMATS`; JSON takes any."""
    of: dict[str, Mapping[str, object]] = {"slurm": SLURM, "kubernetes": KUBERNETES}
    return {each for each in units if form not in of or each in of[form]}


def _slurm(commons: str, limits: Limits) -> str:
    """Lines for `sacctmgr`: an account for the commons, an association and its minutes for each."""
    account = label(commons)
    lines = [f"sacctmgr -i add account {account} Description={account} Organization={account}"]
    for member, amounts in sorted(limits.items()):
        minutes = [
            f"{SLURM[unit][0]}={amount * SLURM[unit][1]}"
            for unit, amount in sorted(amounts.items())
            if unit in SLURM
        ]
        if minutes:
            lines.append(f"sacctmgr -i add user {label(member)} Account={account}")
            lines.append(
                f"sacctmgr -i modify user {label(member)} where Account={account} "
                f"set GrpTRESMins={','.join(minutes)}"
            )
    return "\n".join(lines) + "\n"


def _kubernetes(commons: str, limits: Limits) -> str:
    """One ResourceQuota for each member, in a namespace of the commons and them: JSON is YAML."""
    found: list[dict[str, Any]] = []
    for member, amounts in sorted(limits.items()):
        hard = {KUBERNETES[unit]: str(each) for unit, each in amounts.items() if unit in KUBERNETES}
        if hard:
            name = f"{label(commons)}-{label(member)}"
            found.append(
                {
                    "apiVersion": "v1",
                    "kind": "ResourceQuota",
                    "metadata": {"name": "iriai-pot", "namespace": name},
                    "spec": {"hard": dict(sorted(hard.items()))},
                }
            )
    listed = {"apiVersion": "v1", "kind": "List", "items": found}
    return json.dumps(listed, indent=2) + "\n"


def label(name: str) -> str:
    """A name as both systems accept it, and no shell sees more than a word in it."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:30] or "unnamed"
