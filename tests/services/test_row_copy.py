"""A text table that goes straight on to COPY is stored as its cells would have been."""

from io import BytesIO

import pytest

from app.db.engine import Database, Lane
from app.domain.access.viewer import Viewer
from app.domain.grid.batch import RowBatch
from app.domain.grid.bulk import convert_column
from app.domain.grid.column import ColumnType
from app.domain.grid.file_rows import read_file
from app.domain.grid.filecells import FROM_TEXT
from app.domain.grid.files import FileFormat
from app.domain.invalid import InvalidInput
from app.domain.problems import Problem
from app.services.registry import Services
from app.services.row_copy import RowFile, copy_file
from app.storage import grid
from app.storage.statements import composed
from tests.domain.grid.test_copy_text import ODD
from tests.support.grid import INTEGER, STRING, make_table


@pytest.mark.parametrize("kind", ColumnType)
async def test_every_text_is_stored_as_its_cell(
    db: Database, services: Services, viewer: Viewer, kind: ColumnType
) -> None:
    good = [text for text in ODD if convert_column([text or None], FROM_TEXT[kind]) is not None]
    # One text is fit for numbers only with a closer look, which all of its batch then get: each kind of batch once.
    plain = [text for text in good if not {"e", "E"} & set(text)]
    types = {"at": INTEGER, "cell": kind}
    for name, texts in (("good", good), ("plain", plain)):
        quoted = "".join('"' + text.replace('"', '""') + f'",{at}\n' for at, text in enumerate(texts))
        content = f"cell,at\n{quoted}".encode()
        ours, theirs = [await make_table(services, viewer, types, name=f"{name}_{side}") for side in "lr"]
        async with db.transaction(Lane.IMPORTS) as tx:
            added = await copy_file(tx, ours.source, RowFile(stream=BytesIO(content), file_format=FileFormat.CSV))
            [batch] = read_file(BytesIO(content), FileFormat.CSV, theirs.column_list)
            assert isinstance(batch, RowBatch)
            assert await grid.copy_rows(tx, theirs.source, batch.rows) == added == len(texts)
        # The text of a document or a number says all of it: -0, the digits of a decimal, the blanks of a document.
        left, right = f"{ours.source.schema}.{ours.source.name}", f"{theirs.source.schema}.{theirs.source.name}"
        differ = composed(
            f"""
            SELECT count(*) AS found FROM {left} AS l FULL JOIN {right} AS r ON l.at = r.at
             WHERE l.cell::text IS DISTINCT FROM r.cell::text
            """
        )
        row = await db.fetchrow(differ)
        assert row is not None
        assert row["found"] == 0


async def test_a_row_that_the_database_refuses_is_told_by_its_line(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, {"id": INTEGER, "note": STRING}, key=("id",))
    notes = "".join(f'{at},"note, of\ntwo lines"\n' for at in range(6_000))

    async def refused(content: str) -> tuple[Problem, ...]:
        file = RowFile(stream=BytesIO(content.encode()), file_format=FileFormat.CSV)
        async with db.transaction(Lane.IMPORTS) as tx:
            with pytest.raises(InvalidInput) as refusal:
                await copy_file(tx, table.source, file)
        return tuple(refusal.value.problems)

    # A record begins on every other line after the header.
    [twice] = await refused(f"id,note\n{notes}17,x\n18,y\n")
    assert (twice.loc, twice.code) == ((12_002,), "duplicate")
    [empty] = await refused(f"id,note\n{notes},x\n")
    assert (empty.loc, empty.code) == ((12_002, "id"), "missing")
    [absent] = await refused("note\nx\n")
    assert (absent.loc, absent.code) == ((2, "id"), "missing")
