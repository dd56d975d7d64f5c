"""A second user of an embedded server: a process of its own that obeys commands on its standard input."""

import json
import os
import pwd
import sys
from pathlib import Path

from app.db.embedded import EmbeddedPostgres, EmbeddedPostgresError


def become(name: str) -> None:
    """Step down for good; everything is imported by now, since this account may not read the interpreter."""
    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def tell(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Start, then `ensure` and `stop` as told; the end of the input is a stop as well."""
    arguments = json.loads(sys.argv[1])
    if arguments["account"]:
        become(arguments["account"])
    pg_bin = Path(arguments["pg_bin"]) if arguments["pg_bin"] else None
    try:
        server = EmbeddedPostgres.start(Path(arguments["data_dir"]), pg_bin=pg_bin, options=arguments["options"])
    except EmbeddedPostgresError as error:
        tell(error=str(error))
        return
    tell(dsn=server.dsn, pid=server.postmaster_pid)
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        tell(restarted=server.ensure_running())
    server.stop()
    tell(stopped=True)


if __name__ == "__main__":
    main()
