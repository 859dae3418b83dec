"""The Helm chart, rendered by Helm itself and checked against Kubernetes' own schemas."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer import Typer
from typer.main import get_command

from deploy_tools import ROOT, absent, image_says, tool
from onoma.cli.serve import serve
from onoma.serving.config import config_of

CHART = ROOT / "deploy" / "helm" / "onoma"
KEYS = {"keys": {"secret": "onoma-keys"}}
P95 = {"autoscaling": {"p95": {"enabled": True, "prometheus": "http://prometheus:9090"}}}
ALL: dict[str, Any] = {
    **KEYS,
    **P95,
    "image": {"repository": "registry.example/onoma", "digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "pull"}],
    "serving": {
        "taggers": {"small": {"model": "/models/small"}, "en": {"model": "en-gmb", "place": "process"}},
        "routes": [{"to": {"en": 9, "small": 1}}],
        "guard": {"audit": {"folder": "/var/lib/onoma/audit"}},
    },
    "cache": {"redis": "redis://redis.cache:6390/0", "secret": "onoma-cache"},
    "workers": 2,
    "proxies": "10.0.0.0/16",
    "logRequests": True,
    "drain": 7,
    "grace": 30,
    "extraArgs": ["--threads=2"],
    "env": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
    "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "models"}}],
    "volumeMounts": [{"name": "models", "mountPath": "/models", "readOnly": True}],
    "state": {"claim": "onoma-state"},
    "service": {"annotations": {"a": "b"}},
    "serviceAccount": {"annotations": {"a": "b"}},
    "networkPolicy": {"egress": [{"ports": [{"port": 4318, "protocol": "TCP"}]}]},
    "metrics": {"serviceMonitor": True, "secret": "onoma-metrics", "labels": {"release": "prometheus"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "names"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
}
CASES = {
    "as it is": KEYS,
    "with everything": ALL,
    "without": {
        **KEYS,
        "autoscaling": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "serviceAccount": {"create": False},
    },
    "one pod": {**KEYS, "autoscaling": {"enabled": False}, "replicas": 1},
    "tokens alone": {"serving": {"guard": {"tokens": {"keys": "/k", "issuer": "i", "audience": "a"}}}},
}
RESOURCES = ("ScaledObject", "ServiceMonitor")  # of operators: Kubernetes' own schemas have none of them


def helm() -> Any:
    try:
        import helm_python
    except ImportError:
        absent("needs Helm: pip install helm-python-sdk (Linux, x86-64)", everywhere=True)
    return helm_python


def rendered(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The manifests, by their kind."""
    with helm().Chart.load(CHART) as chart:
        files = chart.render(values, name="demo", namespace="prod")
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return {each["kind"]: each for text in texts for each in yaml.safe_load_all(text) if each}


def container(values: dict[str, Any]) -> dict[str, Any]:
    [found] = rendered(values)["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_helms_own_linter_finds_nothing_but_the_want_of_a_picture():
    for values in (KEYS, ALL):
        report = helm().lint(CHART, values, strict=True)
        assert [each["error"] for each in report["messages"]] == ["icon is recommended"]
        assert report["errors"] == []


@pytest.mark.parametrize("version", ["1.27", "1.31", "1.37"])
@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_what_it_renders(case, version):
    try:
        import kubernetes_validate
    except ImportError:
        absent("needs Kubernetes' schemas: pip install kubernetes-validate", everywhere=True)
    manifests = rendered(CASES[case])
    assert {"Deployment", "Service", "ConfigMap"} <= set(manifests)
    for kind, manifest in manifests.items():
        if kind not in RESOURCES:
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "set keys.secret to a Secret that holds keys.json"),
        ({**KEYS, "cache": {"redis": "redis://r:6379"}}, "cache.redis needs cache.secret"),
        ({**KEYS, "metrics": {"serviceMonitor": True}}, "needs metrics.secret"),
        ({**KEYS, "autoscaling": {"p95": {"enabled": True}}}, "autoscaling.p95.prometheus"),
        ({"keys": {"secrt": "a"}}, "'secrt' not allowed"),
        ({**KEYS, "replicas": 0}, "replicas"),
        ({**KEYS, "image": {"digest": "latest"}}, "digest"),
        ({**KEYS, "host": "127.0.0.1"}, "host"),
    ],
)
def test_values_that_cannot_work_are_refused_with_what_to_do(values, says):
    with pytest.raises(helm().HelmError, match=says):
        rendered(values)


def test_every_value_that_there_is_has_its_place_in_the_schema():
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(values) == set(schema["properties"]) - {"global"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("case", CASES)
def test_the_pod_has_no_more_rights_than_it_needs(case):
    pod = rendered(CASES[case])["Deployment"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in pod["containers"]:
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= set(each["resources"])
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_it_is_of_one_mind_with_the_image():
    pod = rendered(KEYS)["Deployment"]["spec"]["template"]["spec"]
    user = pod["securityContext"]
    assert f"{user['runAsUser']}:{user['runAsGroup']}" == image_says("USER")
    assert str(container(KEYS)["ports"][0]["containerPort"]) == image_says("EXPOSE")
    mounted = {each["mountPath"] for each in container(KEYS)["volumeMounts"]}
    assert {"/tmp", image_says("WORKDIR")} <= mounted


@pytest.mark.parametrize("case", CASES)
def test_the_service_takes_the_options_and_the_file(case):
    args = container(CASES[case])["args"]
    assert args[0] == "serve"
    alone = Typer()
    alone.command()(serve)
    get_command(alone).make_context("serve", args[1:])
    told = config_of(yaml.safe_load(rendered(CASES[case])["ConfigMap"]["data"]["serving.yaml"]))
    wanted = CASES[case].get("serving", {}).get("taggers", {"en-gmb": None})
    assert set(told.taggers) == set(wanted), "a default tagger beside those that were named costs memory"


@pytest.mark.parametrize("case", CASES)
def test_a_pod_has_the_time_that_it_takes_to_end(case):
    spec = rendered(CASES[case])["Deployment"]["spec"]["template"]["spec"]
    drain = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    told = next(each for each in spec["containers"][0]["args"] if each.startswith("--grace="))
    assert spec["terminationGracePeriodSeconds"] > drain + int(told.partition("=")[2])


def test_labels_bring_the_parts_together():
    manifests = rendered(ALL)
    template = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        manifests["ServiceMonitor"]["spec"]["selector"]["matchLabels"],
    ]
    for each in selectors:
        assert each
        assert each.items() <= template.items()
    assert selectors[4].items() <= manifests["Service"]["metadata"]["labels"].items()


def test_one_scaler_at_a_time_and_none_beside_a_number_of_replicas():
    plain, both, none = rendered(KEYS), rendered({**KEYS, **P95}), rendered(CASES["without"])
    assert plain["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 70},
    }
    assert "ScaledObject" not in plain
    assert "HorizontalPodAutoscaler" not in both
    assert [each["type"] for each in both["ScaledObject"]["spec"]["triggers"]] == ["cpu", "prometheus"]
    assert "replicas" not in plain["Deployment"]["spec"]
    assert "replicas" not in both["Deployment"]["spec"]
    assert none["Deployment"]["spec"]["replicas"] == 2
    assert not {"ScaledObject", "HorizontalPodAutoscaler"} & set(none)


def test_one_pod_alone_may_be_evicted():
    assert "PodDisruptionBudget" not in rendered(CASES["one pod"])
    assert rendered(KEYS)["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_another_serving_file_makes_other_pods():
    def stamp(values: dict[str, Any]) -> str:
        annotations = rendered(values)["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/serving"])

    other = {**KEYS, "serving": {"guard": {"rate": {"key": "5/second"}}}}
    assert stamp(KEYS) == stamp({**KEYS, "grace": 21})
    assert stamp(KEYS) != stamp(other)


def test_nothing_comes_in_or_goes_out_but_what_is_named():
    plain = rendered(KEYS)["NetworkPolicy"]["spec"]
    assert plain["policyTypes"] == ["Ingress", "Egress"]
    assert plain["ingress"] == [
        {"from": [{"podSelector": {}}], "ports": [{"port": "http", "protocol": "TCP"}]}
    ]
    assert [port["port"] for rule in plain["egress"] for port in rule["ports"]] == [53, 53]
    everything = rendered(ALL)["NetworkPolicy"]["spec"]["egress"]
    assert [port["port"] for rule in everything for port in rule["ports"]] == [53, 53, 6390, 4318]
    nobody = rendered({**KEYS, "networkPolicy": {"from": []}})["NetworkPolicy"]["spec"]
    assert not nobody["ingress"]


def test_p95_is_asked_for_as_prometheus_answers_it(tmp_path: Path):
    """A time where there is load, and 0, not nothing at all, where nobody asks."""
    promtool = tool("promtool", install="apt-get install prometheus", everywhere=False)
    query = rendered({**KEYS, **P95})["ScaledObject"]["spec"]["triggers"][1]["metadata"]["query"]
    labels = 'namespace="prod",service="demo-onoma",path="/v1/entities"'
    series = [
        {"series": f'onoma_request_seconds_bucket{{{labels},le="{le}"}}', "values": f"0+{step}x10 {step}0x10"}
        for le, step in (("0.1", 90), ("0.25", 100), ("+Inf", 100))
    ]
    expected = [("0m", 0.0), ("8m", 0.175), ("18m", 0.0)]
    cases = [
        {
            "expr": f"round(({query}), 0.001)",
            "eval_time": at,
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for at, value in expected
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": cases}
    (tmp_path / "p95.json").write_text(json.dumps({"evaluation_interval": "1m", "tests": [test]}))
    told = [promtool, "test", "rules", tmp_path / "p95.json"]
    done = subprocess.run(told, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
