"""Trusted documents that the schema refuses: the operator hears of them at the start."""

from structlog.testing import capture_logs

from app.graph.engine.executor import Executor
from app.main import warn_of_refused


def test_a_listed_document_that_will_not_run_is_logged_with_the_reason(executor: Executor) -> None:
    with capture_logs() as logs:
        warn_of_refused(executor, {"good": "{ __typename }", "old": "{ nothing }", "broken": "{"})
    assert [(line["event"], line["log_level"], line["key"]) for line in logs] == [
        ("trusted_document.refused", "warning", "old"),
        ("trusted_document.refused", "warning", "broken"),
    ]
    assert "nothing" in logs[0]["reason"]
