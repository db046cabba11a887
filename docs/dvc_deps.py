"""Write the code dependencies of ``dvc.yaml`` anew, from what each stage imports: ``python -m docs.dvc_deps``.

They name modules, not folders, so that a word changed in a list or a guardrail reruns neither training nor evaluation.
"""

import sys
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.stages import MODULES
from tests.imports import ROOT, closure, read_beside


def code_of(stage: str) -> list[str]:
    """The files of the package that run, or are read, when a module runs, as ``dvc.yaml`` names them."""
    file = ROOT / Path(*stage.split(".")).with_suffix(".py")
    modules = closure(file)
    texts = {beside for module in modules for beside in read_beside(module)}
    files = {path.relative_to(ROOT).as_posix() for path in modules | texts}
    return sorted(files - {"pipeline/__init__.py"})


def main() -> None:
    """Keep everything of ``dvc.yaml`` but the code among the ``deps`` of each stage."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    file = ROOT / "dvc.yaml"
    content = yaml.load(file.read_text(encoding="utf-8"))
    # The release runs every time and depends on no code.
    for name in MODULES:
        stage = content["stages"][name]
        others = [dep for dep in stage["deps"] if not dep.startswith("pipeline/")]
        stage["deps"] = sorted([*others, *code_of(MODULES[name])])
        sys.stdout.write(f"{name}: {len(stage['deps'])} dependencies\n")
    with file.open("w", encoding="utf-8") as target:
        yaml.dump(content, target)


if __name__ == "__main__":
    main()
