"""Who reads and changes the environment, and when."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "airwatch_dagster"
READERS = {
    "orchestration/configuration/settings.py": "every setting",
    "orchestration/configuration/environment.py": "what a process starts with, and variables of other projects",
    "orchestration/configuration/secret_files.py": "secrets whose variables name a file",
    "storage/s3_prefix.py": "AWS settings, to share one S3 client",
    "commands/demo_settings.py": "the demo's own settings, set when it starts",
}
"""The files that use os.environ, and what for."""

CHANGERS = {
    "orchestration/configuration/environment.py": {"prepare_environment"},
    "commands/demo_settings.py": {"embedded_default"},
}
"""The functions that change os.environ: a process that starts."""


def uses_of_environ(tree: ast.AST) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))


def is_at_import(node: ast.AST) -> bool:
    return not isinstance(node, ast.FunctionDef | ast.ClassDef)


def changes(function: ast.FunctionDef) -> bool:
    """Whether the function assigns to os.environ or calls a method that does."""
    targets = [node.value for node in ast.walk(function) if isinstance(node, ast.Subscript) and is_store(node)]
    methods = [node.value for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr in MUTATORS]
    return any(list(uses_of_environ(node)) for node in (*targets, *methods))


AT_RUN_TIME_ONLY = {"environ", "getenv", "from_environment", "filterwarnings", "simplefilter"}

MUTATORS = {"update", "setdefault", "pop", "clear", "popitem"}


def is_store(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store | ast.Del)


def trees() -> Iterator[tuple[str, ast.Module]]:
    return (
        (path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob("*.py"))
    )


def test_the_environment_is_used_in_few_files() -> None:
    assert {name for name, tree in trees() if list(uses_of_environ(tree))} == set(READERS)


def test_no_import_reads_the_environment_or_a_setting_or_changes_warnings() -> None:
    """Statements of a module and of its classes run at import; bodies of functions do not."""
    found = []
    for name, tree in trees():
        statements = [*tree.body, *(one for node in tree.body if isinstance(node, ast.ClassDef) for one in node.body)]
        for node in filter(is_at_import, statements):
            used = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)} & AT_RUN_TIME_ONLY
            found += [f"{name}:{node.lineno}: {one}" for one in sorted(used)]

    assert found == []


def test_only_a_process_that_starts_changes_the_environment() -> None:
    functions = {
        name: {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and changes(node)}
        for name, tree in trees()
    }

    assert {name: found for name, found in functions.items() if found} == CHANGERS
