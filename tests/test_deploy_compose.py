"""compose.yaml: as the specification has it, hardened, and at one with the files that it hands on."""

from __future__ import annotations

import json
import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer import Typer
from typer.main import get_command

from deploy_tools import ROOT, absent, tool
from onoma.cli.serve import serve
from onoma.serving.config import read_config

DEPLOY = ROOT / "deploy"
NGINX = DEPLOY / "nginx" / "onoma.conf"
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def filled(text: str) -> str:
    """With the variables that have a default at that, and the others given."""
    return re.sub(r"\$\{[^}]*\}", "given", re.sub(r"\$\{[^}]*?:-([^}]*)\}", r"\1", text))


COMPOSE: dict[str, Any] = yaml.safe_load(filled(TEXT))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONOMA = [name for name, each in SERVICES.items() if "build" in each]


def mounts(service: str) -> dict[str, str]:
    """Where what is mounted, by its place in the container."""
    rows = (volume.split(":") for volume in SERVICES[service]["volumes"])
    return {row[1]: row[0] for row in rows}


def option(service: str, name: str) -> str:
    """What a service's command says for an option."""
    return next(
        each.partition("=")[2] for each in SERVICES[service]["command"] if each.startswith(f"--{name}=")
    )


def checked(content: dict[str, Any]) -> None:
    """Raise ValueError where it is not as the Compose specification has it."""
    try:
        from compose_spec import PyCompose
    except ImportError:
        absent("needs compose-spec: pip install compose-spec", everywhere=True)
    PyCompose.from_json(json.dumps(content)).validate()


def test_it_is_as_the_specification_has_it():
    checked(COMPOSE)
    with pytest.raises(ValueError, match="read_olny"):
        checked({**COMPOSE, "services": {"a": {"image": "a", "read_olny": True}}})


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_no_more_rights_than_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert not any("docker.sock" in each for each in service.get("volumes", ()))


def test_only_nginx_is_to_be_reached_from_elsewhere():
    ports = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert set(ports) == {"nginx", "grafana"}
    assert ports["grafana"] == ["127.0.0.1:3000:3000"]
    assert {name for name, each in COMPOSE["networks"].items() if not each.get("internal")} == {"edge"}
    for name in ONOMA:
        assert "edge" not in SERVICES[name]["networks"]


def test_secrets_have_to_be_given():
    for name in ("ONOMA_CACHE_SECRET", "GRAFANA_PASSWORD"):
        assert f"${{{name}:?" in TEXT


@pytest.mark.parametrize("name", [name for name, each in SERVICES.items() if "volumes" in each])
def test_what_is_mounted_is_there(name):
    for source in mounts(name).values():
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source


@pytest.mark.parametrize("name", ONOMA)
def test_the_service_is_started_with_options_and_a_file_that_it_takes(name):
    command = SERVICES[name]["command"]
    assert command[0] == "serve"
    alone = Typer()
    alone.command()(serve)
    get_command(alone).make_context("serve", list(command[1:]))
    config = read_config(ROOT / mounts(name)[option(name, "config")])
    assert config.guard.keys is not None
    assert str(config.guard.keys.parent) in mounts(name)
    assert config.guard.audit is not None
    assert str(config.guard.audit.folder.parent) in mounts(name)
    assert int(SERVICES[name]["stop_grace_period"].rstrip("s")) > int(option(name, "grace"))


def test_nginx_finds_the_processes_and_they_believe_it():
    asked = set(re.findall(r"server ([\w-]+):8000", NGINX.read_text(encoding="utf-8")))
    assert asked == set(ONOMA)
    net = ip_network(COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"])
    addresses = {name: SERVICES[name]["networks"]["front"]["ipv4_address"] for name in [*ONOMA, "nginx"]}
    assert len(set(addresses.values())) == len(addresses)
    assert all(ip_address(each) in net for each in addresses.values())
    assert {option(name, "proxies") for name in ONOMA} == {addresses["nginx"]}


def test_nginx_is_handed_all_that_its_configuration_names():
    handed = mounts("nginx")
    for path in (DEPLOY / "nginx").glob("*.conf"):
        assert handed[f"/etc/nginx/{path.name}"] == f"./{path.relative_to(ROOT)}"
    for place in re.findall(r"ssl_certificate(?:_key)? (\S+);", NGINX.read_text(encoding="utf-8")):
        assert str(Path(place).parent) in handed
    assert SERVICES["nginx"]["ports"] == ["443:8443"]
    assert "listen 8443 ssl;" in NGINX.read_text(encoding="utf-8")


def test_prometheus_asks_each_process_itself():
    content = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = content["scrape_configs"]
    assert job["job_name"] == "onoma", "the alerts ask for that name"
    assert job["static_configs"] == [{"targets": [f"{name}:8000" for name in ONOMA]}]
    assert all((DEPLOY / "prometheus" / name).is_file() for name in content["rule_files"])
    config = read_config(DEPLOY / "compose" / "serving.yaml")
    assert config.guard.open == ["/metrics"]


def test_prometheus_takes_its_configuration():
    promtool = tool("promtool", install="apt-get install prometheus", everywhere=False)
    told = [promtool, "check", "config", DEPLOY / "prometheus" / "prometheus.yml"]
    done = subprocess.run(told, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_grafana_is_handed_its_dashboard_and_where_figures_are():
    handed = mounts("grafana")
    provisioning = ROOT / handed["/etc/grafana/provisioning"]
    boards = yaml.safe_load((provisioning / "dashboards" / "onoma.yml").read_text(encoding="utf-8"))
    folder = boards["providers"][0]["options"]["path"]
    assert handed[f"{folder}/onoma.json"] == "./deploy/grafana/onoma.json"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    assert sources["datasources"][0]["isDefault"] is True
    assert set(SERVICES["grafana"]["networks"]) & set(SERVICES["prometheus"]["networks"])
