"""Rules of the repository that no linter knows. No Odoo and no database needed."""

import ast
import csv
import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))
#: each module may name only these others of ours, for imports point downwards
MAY_NAME = {
    "utility_supply": set(),
    "creditbox_dunning": {"utility_supply"},
    "cmor_utility": {"utility_supply"},
    "cmor_dunning": {"utility_supply", "creditbox_dunning", "cmor_utility"},
    "creditbox_dunning_queue_job": {"utility_supply", "creditbox_dunning"},
}
LONGEST_METHOD = 60
LONGEST_FILE = 600
#: import name -> name in `external_dependencies` where the two differ
DISTRIBUTIONS = {
    "dateutil": "python-dateutil",
    "stdnum": "python-stdnum",
}
#: hosts that a file of ours may name: namespaces, licences, laws, Odoo's own
HOSTS = {
    "127.0.0.1",
    "localhost",
    "github.com",
    "www.gnu.org",
    "www.w3.org",
    "purl.oclc.org",
    "schemas.openxmlformats.org",
    "schemas.microsoft.com",
    "www.odoo.com",
    "www.arera.it",
    "www.acquirenteunico.it",
    "www.csea.it",
    "www.gazzettaufficiale.it",
    "www.normattiva.it",
}


def _tracked():
    """Files that git knows or would take; a checkout without git: all files."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if answer.returncode:
        return [p for p in ROOT.rglob("*") if p.is_file() and ".dev" not in p.parts]
    names = answer.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


TRACKED = _tracked()
PYTHON = [path for path in TRACKED if path.suffix == ".py" or path.name == "dev"]


def _name(path):
    return str(path.relative_to(ROOT))


def _tree(path):
    return ast.parse(path.read_text(), filename=str(path))


def _imports(tree):
    """Top names of absolute imports anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def _manifest(module):
    return ast.literal_eval((ROOT / module / "__manifest__.py").read_text())


def _pins(path):
    lines = (ROOT / path).read_text().splitlines()
    lines = [ln for ln in lines if ln and not ln.startswith(("#", "-r"))]
    return {ln.split("==")[0].lower(): ln.split("==")[1] for ln in lines}


def _pure_files():
    return [
        path
        for path in PYTHON
        if path.parts[len(ROOT.parts)] in MODULES
        and path.parts[len(ROOT.parts) + 1] in ("rules", "formats")
    ]


def test_there_is_something_to_judge():
    assert MODULES
    assert len(PYTHON) > 20
    assert _pure_files()


def test_every_module_has_its_place_in_the_house():
    assert set(MODULES) <= set(MAY_NAME)


# -- rules/ and formats/ ------------------------------------------------------


def test_rules_and_formats_never_import_odoo():
    bad = [
        _name(path)
        for path in _pure_files()
        if {"odoo", "openerp"} & set(_imports(_tree(path)))
        or re.search(r"(import_module|__import__)\(", path.read_text())
    ]
    assert not bad


def test_rules_read_no_clock():
    """Dates come in as arguments: the same facts give the same answer tomorrow."""
    clock = re.compile(r"\b(date\.today|datetime\.now|utcnow|time\.time)\(")
    bad = [_name(path) for path in _pure_files() if clock.search(path.read_text())]
    assert not bad


_BLOCK_ODOO = """
import importlib, pathlib, sys, types
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "odoo":
            raise ImportError(f"{name} is forbidden here")
sys.meta_path.insert(0, Block())
root = pathlib.Path(sys.argv[1])
house = types.ModuleType("house")  # in Odoo's place: modules see each other beside them
house.__path__ = [str(root)]
sys.modules["house"] = house
for module in sys.argv[2:]:
    package = types.ModuleType(f"house.{module}")
    package.__path__ = [str(root / module)]  # the package without its __init__
    sys.modules[package.__name__] = package
for module in sys.argv[2:]:
    for part in ("rules", "formats"):
        for path in sorted((root / module / part).rglob("*.py")):
            name = ".".join(("house", *path.relative_to(root).with_suffix("").parts))
            importlib.import_module(name.removesuffix(".__init__"))
            print(name)
"""


def test_rules_and_formats_import_without_odoo():
    answer = subprocess.run(
        [sys.executable, "-c", _BLOCK_ODOO, str(ROOT), *MODULES],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert not answer.returncode, answer.stderr
    assert len(answer.stdout.split()) == len(_pure_files())


# -- size ---------------------------------------------------------------------


def test_no_method_is_longer_than_a_page():
    bad = []
    for path in PYTHON:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_METHOD:
                    bad.append(f"{_name(path)}:{node.lineno} {node.name}: {length}")
    assert not bad


def test_no_file_is_longer_than_a_chapter():
    kinds = {".py", ".js", ".xml", ".scss", ".css"}
    bad = [
        f"{_name(path)}: {length}"
        for path in TRACKED
        if (path.suffix in kinds or path.name == "dev")
        and (length := len(path.read_text().splitlines())) > LONGEST_FILE
    ]
    assert not bad


# -- manifests and packaging --------------------------------------------------


def test_versions_and_licences_are_equal():
    keys = ("version", "license", "author")
    assert len({tuple(_manifest(m)[key] for key in keys) for m in MODULES}) == 1
    assert _manifest(MODULES[0])["license"] == "LGPL-3"
    assert re.fullmatch(r"19\.0(\.\d+){3}", _manifest(MODULES[0])["version"])


@pytest.mark.parametrize("module", MODULES)
def test_manifest_names_what_the_module_imports(module):
    # what Odoo itself cannot run without
    core = {"odoo", "psycopg2", "werkzeug", "markupsafe", "pytz", "babel", module}
    core |= {"PIL", "reportlab", "requests", "urllib3", "xlsxwriter"}
    imported = set()
    for path in PYTHON:
        inside = path.relative_to(ROOT).parts
        if inside[0] == module and "tests" not in inside:
            imported |= set(_imports(_tree(path)))
    outside = imported - set(sys.stdlib_module_names) - core
    declared = set(_manifest(module).get("external_dependencies", {}).get("python", []))
    below = set()
    for other in MAY_NAME[module] & set(MODULES):
        needs = _manifest(other).get("external_dependencies", {})
        below |= set(needs.get("python", []))
    named = {DISTRIBUTIONS.get(name, name) for name in outside} | outside
    missing = {
        name
        for name in outside
        if not {name, DISTRIBUTIONS.get(name, name)} & (declared | below)
    }
    assert not missing
    assert not {name for name in declared if name not in named}, "declared, unused"


def test_requirements_hold_what_the_manifests_ask_for():
    wanted = set()
    for module in MODULES:
        wanted |= set(
            _manifest(module).get("external_dependencies", {}).get("python", [])
        )
    wanted = {DISTRIBUTIONS.get(name, name).lower() for name in wanted}
    assert wanted == set(_pins("requirements.txt"))


def test_pins_agree_everywhere():
    lock = _pins("devtools/lock.txt")
    for path in ("requirements.txt", "requirements-dev.txt", "devtools/lock.in"):
        for name, version in _pins(path).items():
            assert lock.get(name) == version, f"{path}: {name}"


@pytest.mark.parametrize("module", MODULES)
def test_module_can_become_a_wheel(module):
    text = (ROOT / module / "pyproject.toml").read_text()
    assert 'build-backend = "whool.buildapi"' in text
    assert (ROOT / module / "README.rst").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_no_test_file_is_forgotten(module):
    """Odoo's runner sees only the files that tests/__init__.py imports."""
    folder = ROOT / module / "tests"
    imported = set()
    for node in ast.walk(_tree(folder / "__init__.py")):
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.name for alias in node.names}
    assert {path.stem for path in folder.glob("test_*.py")} <= imported


@pytest.mark.parametrize("module", MODULES)
def test_every_data_file_is_loaded(module):
    manifest = _manifest(module)
    listed = set(manifest.get("data", [])) | set(manifest.get("demo", []))
    folder = ROOT / module
    there = {
        str(path.relative_to(folder))
        for part in ("views", "data", "security", "report", "wizards", "demo")
        for path in (folder / part).rglob("*.xml")
    }
    assert there <= listed


# -- names --------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downwards(module):
    """A module names no module above it, nor the other app."""
    strangers = set(MAY_NAME) - MAY_NAME[module] - {module}
    pattern = re.compile(r"\b(" + "|".join(sorted(strangers)) + r")\b")
    bad = []
    for path in TRACKED:
        inside = path.relative_to(ROOT).parts
        code = path.suffix in (".py", ".xml", ".csv", ".js")
        if inside[0] == module and code and pattern.search(path.read_text()):
            bad.append(_name(path))
    assert not strangers or not bad


def _texts():
    """(path, text) of every text file that ships."""
    for path in TRACKED:
        data = path.read_bytes()
        if b"\0" not in data[:4096] and path.name != "LICENSE":
            yield path, data.decode("utf-8", "replace")


def test_nothing_refers_to_a_machine():
    """No path of somebody's machine, no folder beside the repository."""
    place = re.compile(
        r"\.\./shared\b|(?<![\w.~}])/(?:work|root|tmp|opt|mnt|home/[a-z]+)/[\w.]"
    )
    bad = [
        f"{_name(path)}: {found.group()}"
        for path, text in _texts()
        if (found := place.search(text))
    ]
    assert not bad


def test_nothing_names_a_package_index_or_mirror():
    """Addresses are of hosts in HOSTS or reserved for examples; no bare mirror."""
    address = re.compile(r"\bhttps?://([\w.-]+)")
    bare = re.compile(
        r"\b(?:deb|ftp|files|registry|snapshot|mirror)\.\w+\.(?:org|io)\b"
    )
    example = re.compile(
        r"(^|\.)(example(\.(com|org|net|it))?|test|invalid|localhost)$"
    )
    bad = []
    for path, text in _texts():
        hosts = {host.rstrip(".") for host in address.findall(text)}
        hosts = {host for host in hosts if "." in host and host not in HOSTS}
        strange = {host for host in hosts if not example.search(host)}
        strange |= set(bare.findall(text))
        bad += [f"{_name(path)}: {host}" for host in sorted(strange)]
    assert not bad


def test_no_blanket_exception_for_a_linter():
    blanket = re.compile(
        r"#\s*noqa(?!:)|#\s*ruff:\s*noqa|pylint:\s*(skip-file|disable=all)"
        r"|#\s*type:\s*ignore\s*$",
        re.MULTILINE,
    )
    bad = [
        _name(path)
        for path in PYTHON
        if path != Path(__file__) and blanket.search(path.read_text())
    ]
    assert not bad


def test_prefix_of_tags_in_root_tests():
    """Outside of odoo.addons Odoo gives no default tags; a class without them dies."""
    bad = []
    for path in (ROOT / "tests").glob("test_*.py"):
        for node in _tree(path).body:
            if not isinstance(node, ast.ClassDef):
                continue
            bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
            odoo_case = {
                "TransactionCase",
                "HttpCase",
                "BaseCase",
                "SingleTransactionCase",
            }
            tags = [ast.unparse(d) for d in node.decorator_list]
            if bases & odoo_case and not any("standard" in tag for tag in tags):
                bad.append(f"{_name(path)}: {node.name}")
    assert not bad


def test_tours_look_at_the_page_and_not_at_a_dialog():
    """A dialog is a form view too: "no such button in a form" is true of an open one.

    A tour that ends there is called dirty, now and then, on a slow machine.
    """
    only_absent = re.compile(r'"\.o_form_view:not\(.*\)"')
    bad = [
        f"{_name(path)}: {line.strip()}"
        for path in TRACKED
        if "tours" in path.parts and path.suffix == ".js"
        for line in path.read_text().splitlines()
        if only_absent.search(line)
    ]
    assert not bad


# -- translations, documents, commands ----------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_italian_is_complete(module):
    catalog = polib.pofile(str(ROOT / module / "i18n" / "it.po"))
    open_terms = [e.msgid for e in catalog if not e.msgstr or e.fuzzy or e.obsolete]
    assert not open_terms, f"{len(open_terms)} untranslated: {open_terms[:5]}"


def test_links_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)#:\s]+)\)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_ci_runs_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text()
    assert script.strip().splitlines()[-1].endswith('/dev" test')
    assert "./dev test" in (ROOT / "README.md").read_text()


def test_help_explains_each_command_in_a_line():
    answer = subprocess.run(
        [sys.executable, ROOT / "dev", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "80"},
    )
    lines = [ln.split() for ln in answer.stdout.splitlines() if ln.startswith("    ")]
    explained = {words[0] for words in lines if len(words) > 2}
    commands = {"demo", "test", "bench", "lint", "serve", "shell", "i18n", "clean"}
    assert commands <= explained
    assert len(explained) == len(lines), "a command takes more than one line"


def test_every_shipped_parameter_is_read():
    """A number that nobody reads looks like a rule and is none."""
    keys = {
        (path.name, key)
        for path in ROOT.glob("*/data/*.xml")
        for record in re.findall(
            r'model="cmor\.parameter">.*?</record>', path.read_text(), re.DOTALL
        )
        for key in re.findall(r'name="key">([^<]+)<', record)
    }
    for path in ROOT.glob("*/data/dunning.legal.parameter.csv"):
        with path.open(newline="") as lines:
            keys |= {(path.name, row["name"]) for row in csv.DictReader(lines)}
    # the defaults of the rules' own value read nothing
    defaults = ROOT / "cmor_utility" / "rules" / "terms.py"
    words = set()
    for module in MODULES:
        for path in (ROOT / module).rglob("*.py"):
            if "tests" not in path.parts and path != defaults:
                words |= set(re.findall(r"\w+", path.read_text()))
    assert keys
    assert sorted(key for key in keys if key[1] not in words) == []
