"""Checks rendered Kubernetes manifests against the API's schemas, and every setting and metric that a manifest, a
dashboard or an alert names against the code. Argument: the folder with the rendered manifests."""

import json
import pathlib
import re
import sys

import kubernetes_validate
import yaml

ROOT = pathlib.Path(".")
# Kinds of operators, whose schemas are not the API's.
FOREIGN = {"postgresql.cnpg.io/v1"}
# Read by libraries, not by us.
LIBRARIES = {"SSL_CERT_FILE", "SSL_CERT_DIR"}
# An instrument: its kind, its name, and what is said of it until it is built.
INSTRUMENT = re.compile(r'\.([a-z0-9_]+)\(\s*"((?:attune|rpc)\.[a-z._]+)"\s*\)(.*?)\.build\(\)', re.S)
LABEL = re.compile(r'KeyValue::new\(\s*"((?:attune|rpc)\.[a-z._]+)"')

problems = []


def sources():
    return [path.read_text() for top in ("shared", "services") for path in (ROOT / top).rglob("*.rs")]


def settings(code):
    return {name for text in code for name in re.findall(r'env = "([A-Z0-9_]+)"', text)} | LIBRARIES


def metrics(code):
    """What the Prometheus exporter makes of the instruments' names and labels."""
    names = set()
    for text in code:
        names |= {label.replace(".", "_") for label in LABEL.findall(text)}
        for kind, name, rest in INSTRUMENT.findall(text):
            base = name.replace(".", "_") + ("_seconds" if '.with_unit("s")' in rest else "")
            if "counter" in kind and "up_down" not in kind:
                names.add(base + "_total")
            elif "histogram" in kind:
                names |= {base + suffix for suffix in ("_bucket", "_sum", "_count")}
            else:
                names.add(base)
    return names


def check_schemas(folder):
    count = 0
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        for resource in yaml.safe_load_all(path.read_text()):
            if resource["apiVersion"] in FOREIGN:
                continue
            count += 1
            try:
                kubernetes_validate.validate(resource, "1.33", strict=True)
            except Exception as error:  # each library version raises its own
                problems.append(f"{path.stem}: {resource['kind']} {resource['metadata']['name']}: {error}")
    print(f"{count} resources fit the schemas of Kubernetes")


def check_settings(code):
    known = settings(code)
    paths = [*ROOT.glob("k8s/**/*.yaml"), ROOT / "deploy/compose.yaml", ROOT / "deploy/Dockerfile"]
    used = {}
    for path in paths:
        for name in re.findall(r"\b((?:ATTUNE|OTEL|SSL)_[A-Z0-9_]+|DATABASE_URL)\b", path.read_text()):
            used.setdefault(name, path)
    for name, path in used.items():
        if name not in known:
            problems.append(f"{path}: no setting is called {name}")
    print(f"{len(used)} settings are the code's")


def check_metrics(code):
    known = metrics(code)
    texts = {path: path.read_text() for path in (ROOT / "deploy/prometheus").glob("*.yaml")}
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        panels = json.loads(path.read_text())["panels"]
        texts[path] = "\n".join(target["expr"] for panel in panels for target in panel["targets"])
    used = {(name, path) for path, text in texts.items() for name in re.findall(r"\b(?:attune|rpc)_\w+", text)}
    for name, path in sorted(used):
        if name not in known:
            problems.append(f"{path}: no metric is called {name}")
    print(f"{len({name for name, _ in used})} metrics and labels are the code's")


def check_runbook_links():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/runbook.md").read_text(), re.M)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for path in (ROOT / "deploy/prometheus").glob("*.yaml"):
        for anchor in re.findall(r"docs/runbook\.md#([\w-]+)", path.read_text()):
            if anchor not in anchors:
                problems.append(f"{path}: docs/runbook.md has no section #{anchor}")


code = sources()
check_schemas(sys.argv[1])
check_settings(code)
check_metrics(code)
check_runbook_links()
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(bool(problems))
