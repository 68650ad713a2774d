"""Asking Athena: start a query, wait for it, read its answer from the bucket."""

import csv
import io
import time
from collections.abc import Callable
from typing import Any

from lambda_fn.bulk.outages import Patience

FIRST_LOOK_S, LONGEST_PAUSE_S = 0.5, 4.0


class QueryFailed(RuntimeError):
    """A query that Athena refused, stopped or failed at, in Athena's words."""


class Athena:
    """`ask(sql)`: the rows of an answer, as text. An empty text and NULL are both "".

    answers: s3:// address that they are written below, which the workgroup says too. left_s: seconds that may still be
    waited. How much a query may read is the workgroup's to say.
    """

    def __init__(
        self,
        athena: Any,
        s3: Any,
        workgroup: str,
        database: str,
        answers: str,
        patience: Patience,
        left_s: Callable[[], float],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._athena, self._s3, self._patience = athena, s3, patience
        self._question = {
            "WorkGroup": workgroup,
            "QueryExecutionContext": {"Database": database},
            "ResultConfiguration": {"OutputLocation": answers},
        }
        self._left_s, self._sleep = left_s, sleep

    def __call__(self, sql: str) -> list[list[str]]:
        """Raises QueryFailed; a query that outlasts `left_s` is stopped, so that nobody pays for it."""
        started = self._patience(self._athena.start_query_execution, QueryString=sql, **self._question)
        execution = self._wait(started["QueryExecutionId"])
        bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        body = self._patience(lambda: self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return list(csv.reader(io.StringIO(body.decode(), newline="")))[1:]

    def _wait(self, execution_id: str) -> dict[str, Any]:
        pause = FIRST_LOOK_S
        while True:
            answer = self._patience(self._athena.get_query_execution, QueryExecutionId=execution_id)
            execution: dict[str, Any] = answer["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return execution
            if state in ("FAILED", "CANCELLED"):
                raise QueryFailed(f"{state}: {execution['Status'].get('StateChangeReason', 'Athena says no reason')}")
            if self._left_s() < pause:
                self._patience(self._athena.stop_query_execution, QueryExecutionId=execution_id)
                raise QueryFailed(f"not done in time: still {state}")
            self._sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE_S)
