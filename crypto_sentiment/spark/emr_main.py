"""What EMR Serverless runs: SOURCE OUTPUT OPTIONS, the last being JSON of Job's fields. Leaves OUTPUT/_report.json.

Uploaded by `cdk deploy -c history=true` as a file of its own; everything it imports is in the packed environment.
"""

import json
import sys


def main(source: str, output: str, options: str) -> None:
    from crypto_sentiment.spark import session
    from crypto_sentiment.spark.job import Job
    from crypto_sentiment.spark.storage import Storage

    spark = session()
    report = Job(spark, source, output, **json.loads(options)).run(print)
    document = {"comments": report.comments, "errors": dict(report.errors)}
    Storage(spark, output).replace("_report.json", json.dumps(document))


if __name__ == "__main__":
    main(*sys.argv[1:])
