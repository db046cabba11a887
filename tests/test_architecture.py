"""The shape of the code: imports point one way, files stay at the edge, heavy libraries have one door each."""

import ast
import re
from pathlib import Path

import pytest

from tests.imports import PACKAGE, ROOT, closure, imported, modules, own

# What everything may use; then the rooms in the order of the flow; then who calls them.
BASE = ("config", "compiled", "messages", "newton", "progress", "sql", "trees")
ROOMS = (
    "i18n",
    "sources",
    "tables",
    "examples",
    "value",
    "model",
    "evaluation",
    "leakage",
    "reasons",
    "scoring",
    "playbooks",
    "decisions",
    "drift",
    "lists",
    "outcomes",
    "retention",
    "readout",
    "week",
    "tracking",
    "simulate",
)
TOP = ("stages", "api", "commands", "cli_group", "cli_model", "cli_results", "cli")

# library -> the only modules that may import it
DOORS = {
    "mlflow": {"pipeline.tracking.store"},
    "lightgbm": {"pipeline.model.gbm"},
    "shap": {"pipeline.reasons.plots"},
    "matplotlib": {
        "pipeline.evaluation.learning_curve_plot",
        "pipeline.readout.uplift_plot",
        "pipeline.reasons.plots",
        "pipeline.retention.retention_plots",
    },
    "pandas": {"pipeline.api.frames", "pipeline.api.arrays", "pipeline.tracking.served_model"},
    "sklearn": {
        "pipeline.api.arrays",
        "pipeline.api.classifier",
        "pipeline.api.hyperparameters",
        "pipeline.api.portable",
        "pipeline.api.snapshot_split",
        "pipeline.evaluation.baselines",
        "pipeline.evaluation.contract_baselines",
        "pipeline.evaluation.metrics",
        "pipeline.model.additive_logistic",
        "pipeline.model.additive_weight",
        "pipeline.model.calibration",
        "pipeline.model.outage_curves",
        "pipeline.readout.uplift_learner",
    },
    "econml": {"pipeline.readout.uplift_learner"},
    "numba": {"pipeline.compiled"},
    "xlsxwriter": {"pipeline.lists.xlsx_file"},
    "jinja2": {"pipeline.lists.html_page", "pipeline.retention.retention_page", "pipeline.commands.translations"},
    "ruamel": {"pipeline.config.params"},
    "babel": {
        "pipeline.i18n.catalogs",
        "pipeline.i18n.dates",
        "pipeline.sources.currencies",
        "pipeline.i18n.languages",
        "pipeline.commands.translations",
    },
    "click": {"pipeline.cli", "pipeline.cli_group", "pipeline.cli_model", "pipeline.cli_results"},
    "tqdm": {"pipeline.progress"},
    "adbc_driver_postgresql": {"pipeline.sources.postgresql"},
    "adbc_driver_manager": {"pipeline.sources.postgresql"},
    "sqlite3": {"pipeline.sources.sqlite", "pipeline.tracking.moved_store", "pipeline.tracking.probe"},
    "fsspec": {"pipeline.sources.places"},
    "filelock": {"pipeline.commands.locks"},
    "openpyxl": {"pipeline.outcomes.filled_list", "pipeline.sources.converted"},
}
# Only these set switches of the libraries they import.
SWITCHES = {"pipeline.tracking.store", "pipeline.model.gbm"}
# Only these touch files or services.
EDGE = re.compile(
    r"pipeline\.(stages|commands|sources|lists|cli|tracking|config\.(params|overlay)|i18n\.company_catalogs|tables\.(storage|loading|ingest_cache|forgotten|rejected_rows)"
    r"|api\.(project|orders|published_week|outputs|trial)|model\.(artefacts|artefacts_upgrade)|scoring\.(bucket|explainer_cache)|outcomes\.(feedback|filled_list|learned_effects|published_lists|store)"
    r"|retention\.retention_page|week\.(inputs|candidates|contact_history|bucket_history|composition|previous_week|listed_history|matured_lists|first_actions|explored_actions|randomised_trials|last_bought|last_orders|witness|witness_sample))"
)
TOUCHES_FILES = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "unlink", "mkdir", "rmtree", "rename",
                 "write_parquet", "write_csv", "scan_parquet", "glob"}  # fmt: skip


def room(module: str) -> str:
    return [*module.split("."), ""][1]


def rank(module: str) -> int:
    name = room(module)
    if name in BASE or name == "":
        return 0
    return 1 + ROOMS.index(name) if name in ROOMS else 100 + TOP.index(name)


def test_every_module_belongs_to_a_room():
    unknown = {room(name) for name in modules()} - {"", *BASE, *ROOMS, *TOP}
    assert not unknown, f"pipeline/{unknown} is in no room: add it to the flow in pipeline/__init__.py and here"


@pytest.mark.parametrize("module", modules())
def test_imports_point_down_the_flow(module):
    upward = sorted(name for name in own(modules()[module]) if rank(name) > rank(module))
    assert not upward, f"{module} imports {upward}, which come after it in the flow; pass what it needs as a parameter"


@pytest.mark.parametrize("module", [name for name in modules() if room(name) not in TOP])
def test_no_room_imports_a_stage(module):
    assert not [name for name in own(modules()[module]) if name.startswith("pipeline.stages")]


def test_the_folder_of_stages_holds_stages_and_nothing_else():
    names = [name.removeprefix("pipeline.stages.") for name in modules() if name.startswith("pipeline.stages.")]
    assert names == ["s1_ingest", "s2_examples", "s3_train", "s4_evaluate", "s5_score", "s6_publish"]


def test_no_module_is_in_a_circle():
    """Modules that import each other, however far round, are one module in several files."""
    imports = {name: own(file) - {name} for name, file in modules().items() if file.name != "__init__.py"}
    for start in imports:
        seen, waiting = set(), [*imports[start]]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += imports.get(name, ())
        assert start not in seen, f"{start} imports itself by way of {sorted(imports[start] & seen)}"


def test_no_two_modules_of_rooms_that_meet_have_one_name():
    """Where one imports the other's room, a name has to say which of the two is meant."""
    places: dict[str, list[str]] = {}
    for name, file in modules().items():
        if file.name not in {"__init__.py", "__main__.py"}:
            places.setdefault(file.stem, []).append(name)
    meets = {name: {room(one) for one in own(file)} for name, file in modules().items()}
    rooms = {room(name): set() for name in modules()}
    for name, found in meets.items():
        rooms[room(name)] |= found
    for names in places.values():
        for one in names:
            for other in names:
                met = "commands" not in (room(one), room(other)) and room(other) in rooms[room(one)] | {room(one)}
                assert one == other or not met, f"{one} and {other} meet: give one of them another name"


@pytest.mark.parametrize("module", [name for name in modules() if re.match(r"pipeline\.stages\.s\d", name)])
def test_stages_do_not_import_stages(module):
    others = [name for name in own(modules()[module]) if re.match(r"pipeline\.stages\.s\d", name) and name != module]
    assert not others, f"{module} imports {others}; put what they share into a module of its own"


@pytest.mark.parametrize("library", DOORS)
def test_each_heavy_library_has_one_door(library):
    users = {
        module
        for module, file in modules().items()
        if any(name == library or name.startswith(f"{library}.") for name in imported(file))
    }
    assert users == DOORS[library] & users, f"{users - DOORS[library]} import {library}; go through {DOORS[library]}"
    assert users, f"nobody imports {library}: drop it from the dependencies, or from this test"


@pytest.mark.parametrize("module", [name for name in modules() if not EDGE.match(name)])
def test_files_stay_at_the_edge(module):
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    touching = called & TOUCHES_FILES
    assert not touching, f"{module} calls {touching}; let a stage or tables.storage read and write"


def test_nothing_happens_at_import():
    """No module reads the clock, the settings or the environment when it is imported, but for switches of libraries."""
    for module, file in modules().items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            is_words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.Expr | ast.Assign) and not is_words and module not in SWITCHES:
                text = ast.unparse(node)
                assert not re.search(r"params\.load\(|environ|\.today\(|\.now\(", text), f"{module}: {text}"


def test_no_swallowed_failures():
    for module, file in modules().items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                silent = all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
                assert not silent, (
                    f"{module} line {node.lineno}: a failure is swallowed; raise one of pipeline.config.errors"
                )


def test_modules_stay_small():
    """Longer than this, and a module has more than one reason to change."""
    long = {module: n for module, file in modules().items() if (n := file.read_text().count("\n")) > 250}
    assert not long, f"split {long}"


def test_functions_take_few_parameters():
    """Who needs more than six things has more than one reason to change, or lacks a word for what belongs together."""
    for module, file in modules().items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
                own_names = [name for name in names if name not in {"self", "cls"}]
                # A command has as many parameters as it has options, an estimator as many as it has hyperparameters.
                is_free = module in {"pipeline.cli", "pipeline.cli_model", "pipeline.cli_results"} or (
                    module == "pipeline.api.classifier" and node.name == "__init__"
                )
                assert len(own_names) <= 6 or is_free, f"{module}.{node.name} takes {own_names}"


def test_the_product_speaks_of_itself_alone():
    """No path of a machine and no registry host in what the repository holds."""
    files = [
        *PACKAGE.rglob("*.py"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*.yaml"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "Makefile",
    ]
    for file in files:
        text = file.read_text(encoding="utf-8")
        for word in ("/work/", "/root/", "pypi" + ".org", "pythonhosted", "/tmp/"):
            assert word not in text, f"{file} names {word}"


def test_every_package_folder_says_what_it_offers():
    for folder in {file.parent for file in PACKAGE.rglob("*.py")}:
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{Path(folder).name}/__init__.py has no words"


@pytest.mark.parametrize(
    "module", ["pipeline.model.fingerprint", "pipeline.stages.s6_publish", "pipeline.stages.s2_examples"]
)
def test_a_hash_and_a_list_need_no_learner(module):
    """Neither what tells models apart nor the stages around them loads LightGBM."""
    files = {file.relative_to(ROOT).as_posix() for file in closure(modules()[module])}
    assert "pipeline/model/gbm.py" not in files


def test_nothing_that_is_loaded_can_run_code():
    """A pickle runs whatever was put into it; models are text and JSON."""
    runs_code = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
    for name, file in modules().items():
        assert not {module.partition(".")[0] for module in imported(file)} & runs_code, name
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        allowed = [word.value for call in calls for word in call.keywords if word.arg == "allow_pickle"]
        words = {ast.unparse(value) for value in allowed} - {"False"}
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)} & {"eval", "exec", "compile"}
        assert not words | names, f"{name}: {words | names}"
