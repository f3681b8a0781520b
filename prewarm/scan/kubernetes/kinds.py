"""Kinds of Kubernetes objects: which pull nothing, which take a version for a tag."""

from __future__ import annotations

import re

_NOTHING = re.compile(
    r"CustomResourceDefinition|APIResourceList|Event|EventList"
    # these look into a registry for tags, nothing is pulled
    r"|ImageRepository|ImagePolicy|ImageUpdateAutomation|ImageUpdater"
    # rules about images, not uses of them
    r"|ClusterImagePolicy|Image(?:ContentSource|Content)Policy|Image(?:Digest|Tag)MirrorSet"
    # reports
    r"|\w*(?:Vulnerability|Sbom|Audit|Assessment|Secret|Policy)Report|VulnerabilityManifest\w*"
    # machines: their images are disks
    r"|(?!Docker|Kubevirt)\w*Machine(?:Template|Pool|PoolTemplate|Set|Class|Deployment)?"
    r"|InstanceGroup|\w*NodeClass|\w*NodeTemplate|BareMetalHost|Instance|InstanceTemplate"
    r"|ComputeInstance\w*|ComputeImage|(?:Namespaced)?CloudProfile|(?:Cluster)?VirtualMachineImage"
    r"|GrafanaDashboard"
)
_CONTAINERS_IN_MACHINES = "kubevirt.io"
_WITH_VERSION = {
    ("argoproj.io", "ArgoCD"),
    ("k0s.k0sproject.io", "ClusterConfig"),
    ("k0sctl.k0sproject.io", "Cluster"),
    ("monitoring.coreos.com", "Prometheus"),
    ("monitoring.coreos.com", "Alertmanager"),
    ("monitoring.coreos.com", "ThanosRuler"),
}


def pulls_nothing(api: str, kind: str) -> bool:
    """Whether whatever an object of this kind calls an image is none that is pulled."""
    if group_of(api).endswith(_CONTAINERS_IN_MACHINES):
        return False
    return _NOTHING.fullmatch(kind) is not None


def version_is_tag(api: str, kind: str) -> bool:
    """Whether `version` beside an `image` of such an object is the image's tag."""
    return (group_of(api), kind) in _WITH_VERSION


def is_made(api: str, path: tuple[str, ...]) -> bool:
    """Whether a path's image is not what it says there: built, or completed by the object."""
    if path[-1:] in (("output",), ("outputs",)):
        return True
    if path[-1:] == ("dns",) or path[-2:] == ("etcd", "local"):
        return group_of(api).endswith(("cluster.x-k8s.io", "kubeadm.k8s.io"))
    return False


def group_of(api: str) -> str:
    """`argoproj.io` of `argoproj.io/v1alpha1`; empty for the core group."""
    return api.rpartition("/")[0]
